-- The processes, what they hold, and what servers refuse to them.
-- $1 milliseconds between two beats
with clock as materialized (select pagetide.clock() as now)
select json_build_object(
    'workers', (select coalesce(json_agg(json_build_object('id', w.id, 'host', w.host,
        'pid', w.pid, 'version', w.version, 'started_at', w.started_at, 'seen_at', w.seen_at,
        'is_silent', w.seen_at < c.now - 2 * $1::bigint * interval '1 ms',
        'jobs', coalesce(j.running, 0), 'reserved', coalesce(j.reserved, 0))
            order by w.seen_at desc, w.id), '[]')
        from (select * from pagetide.worker o order by o.seen_at desc limit 200) w
        left join (select o.worker, count(*) filter (where o.state = 'running') as running,
                count(*) filter (where o.reserved) as reserved
            from pagetide.job o where o.state in ('queued', 'running', 'waiting')
            group by o.worker) j on j.worker = w.id),
    'schedulers', (select coalesce(json_agg(json_build_object('id', s.id, 'host', s.host,
        'pid', s.pid, 'version', s.version, 'started_at', s.started_at, 'seen_at', s.seen_at,
        'is_silent', s.seen_at < c.now - 2 * $1::bigint * interval '1 ms')
            order by s.seen_at desc), '[]')
        from (select * from pagetide.scheduler o order by o.seen_at desc limit 50) s),
    'refusals', (select coalesce(json_agg(json_build_object('by', f.by_whom, 'what', f.what,
        'why', f.why, 'times', f.times, 'since', f.since)), '[]')
        from pagetide.refusals() f))::text
from clock c
