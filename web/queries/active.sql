-- The runs under way: the oldest first, and how many there are.
-- $1 how many are shown
select json_build_object('total', (select count(*) from pagetide.run r
        where r.state in ('queued', 'running')),
    'runs', coalesce(json_agg(json_build_object('run', r.id, 'stream', r.stream, 'state', r.state,
        'trigger', r.trigger, 'mode', r.mode, 'created_at', r.created_at,
        'started_at', r.started_at, 'jobs', j.jobs, 'jobs_running', j.running,
        'jobs_waiting', j.waiting, 'jobs_ended', j.ended, 'pages', j.pages,
        'pages_total', j.pages_total, 'records', j.records, 'rejects', j.rejects,
        'misfits', j.asides, 'retries', j.retries,
        'records_per_s', round(j.records / nullif(r.seconds, 0)),
        'eta_seconds', case when j.pages > 0 and j.pages_total > j.pages and r.state = 'running'
            then round((j.pages_total - j.pages) * r.seconds / j.pages) end,
        'waiting_for', w.waiting_for, 'wait_until', w.wait_until) order by r.id), '[]'))::text
from (select a.*, extract(epoch from pagetide.clock() - a.started_at) as seconds
    from pagetide.run a where a.state in ('queued', 'running') order by a.id limit $1::int) r
cross join lateral (
    select count(*) as jobs, count(*) filter (where o.state = 'running') as running,
        count(*) filter (where o.state = 'waiting') as waiting,
        count(*) filter (where o.state not in ('queued', 'running', 'waiting')) as ended,
        sum(o.page) as pages, sum(o.records)::bigint as records, sum(o.rejects)::bigint as rejects,
        case when count(*) = count(o.pages_total) then sum(o.pages_total) end as pages_total,
        sum(o.asides)::bigint as asides, sum(o.retries)::bigint as retries
    from pagetide.job o where o.run = r.id) j
left join lateral (
    select left(o.waiting_for, 300) as waiting_for,
        case when not o.part ? 'listing' then o.wait_until end as wait_until from pagetide.job o
    where o.run = r.id and o.state in ('queued', 'waiting') and o.waiting_for is not null
    order by o.wait_until nulls last limit 1) w on true
