-- Where each job of a worker is, as of its last beat: {job: step}. It is written with seen_at,
-- so it costs no row of its own.
alter table pagetide.worker add column steps jsonb not null default '{}';
