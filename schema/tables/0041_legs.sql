-- A job of several partitions (`per_job`): each is a leg, read one after another by one process. What a
-- leg begins with, and how it ended; null state: it is not over.
create table pagetide.job_leg (
    job bigint not null references pagetide.job on delete cascade,
    n int not null,
    part jsonb not null,
    bookmark text,
    state text check (state in ('succeeded', 'truncated', 'failed')),
    reason text,
    error text,
    complete text,
    complete_why text,
    records bigint not null default 0,
    rejects bigint not null default 0,
    folded bigint not null default 0,
    keyed bigint not null default 0,
    bookmark_high text,
    checkpoint jsonb, -- where a leg that failed goes on
    primary key (job, n)
);

alter table pagetide.page add column leg int;
alter table pagetide.job_keys add column leg int not null default 0;

-- `leg`: the mark is of this leg; with an end it ends the leg, and the job unless `more` follows.
alter type pagetide.mark add attribute leg int, add attribute more boolean;
