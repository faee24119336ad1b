-- What people read. A view's columns are a contract: new ones go to the end, none goes away.
-- Needs clock (helpers), run_tables (tables), run_misfits (misfits).

-- One row per job of each run that is not over, and of each stream's latest run.
create or replace view pagetide.progress as
select r.stream, r.id as run, r.id || '/' || j.n as job, j.state, j.page, j.pages_total, j.records,
    round(j.records / nullif(s.seconds, 0), 1) as records_per_s,
    case when j.state = 'running' and j.page > 0 and j.pages_total > j.page
        then make_interval(secs => (j.pages_total - j.page) * s.seconds / j.page) end as eta,
    j.waiting_for, j.wait_until, j.error, j.worker, j.rejects, j.asides, j.retries, j.complete,
    j.complete_why, j.folded
from pagetide.run r
join pagetide.job j on j.run = r.id
cross join lateral (select extract(epoch from
    coalesce(j.finished_at, pagetide.clock()) - j.started_at) as seconds) s
where r.state in ('queued', 'running')
    or r.id = (select max(l.id) from pagetide.run l where l.stream = r.stream)
order by r.stream, r.id, j.n;

-- One row per run, newest first. A run that is not over shows the sums of its jobs so far.
create or replace view pagetide.history as
select r.stream, r.id as run, r.trigger, r.mode, r.state, r.reason, r.error,
    coalesce(j.pages, r.pages) as pages, coalesce(j.records, r.records) as records,
    coalesce(j.bytes, r.bytes) as bytes, coalesce(j.rejects, r.rejects) as rejects,
    coalesce(j.asides, r.asides) as asides, coalesce(j.retries, r.retries) as retries,
    r.warnings, r.created_at, r.started_at, r.finished_at,
    extract(epoch from coalesce(r.finished_at, pagetide.clock()) - r.started_at)::numeric(12, 3)
        as seconds,
    r.scheduled_for, r.request_id, r.version, r.complete, r.complete_why,
    coalesce(j.folded, r.folded) as folded, r.added, r.changed, r.deleted,
    (select jsonb_object_agg(t.name, t.records) from pagetide.run_tables(r.id) t) as tables
from pagetide.run r
left join lateral (
    select sum(o.page) as pages, sum(o.records)::bigint as records, sum(o.bytes)::bigint as bytes,
        sum(o.rejects)::bigint as rejects, sum(o.asides)::bigint as asides,
        sum(o.retries)::bigint as retries, sum(o.folded)::bigint as folded
    from pagetide.job o
    where o.run = r.id and r.state in ('queued', 'running')) j on true
order by r.id desc;

-- One row per stream. `lag`: how far the data is behind, in time since the start of the last
-- run that succeeded. `complete`: what proves that the last run has read all.
create or replace view pagetide.health as
select s.name as stream, good.finished_at as last_success, last.state as last_state,
    last.reason as last_reason, last.error as last_error, s.next_due,
    pagetide.clock() - good.started_at as lag,
    coalesce(last.rejects, 0) as rejects, coalesce(last.asides, 0) as asides,
    aside.columns as misfitting_columns, s.paused, last.complete, last.complete_why,
    coalesce(aside.counts, '{}') as misfits, coalesce(last.folded, 0) as folded
from pagetide.stream s
left join lateral (select h.* from pagetide.history h
    where h.stream = s.name order by h.run desc limit 1) last on true
left join lateral (select r.started_at, r.finished_at from pagetide.run r
    where r.stream = s.name and r.state = 'succeeded' order by r.id desc limit 1) good on true
left join lateral (
    select array_agg(m.name order by m.name) as columns,
        jsonb_object_agg(m.name, m.count) as counts
    from pagetide.run_misfits(last.run) m) aside on true
where s.removed_at is null
order by s.name;
