-- What the head of every page says.
-- $1 milliseconds between two beats
select json_build_object('now', pagetide.clock(),
    'active', (select count(*) from pagetide.run r where r.state in ('queued', 'running')),
    'queued', (select count(*) from pagetide.job j where j.state = 'queued'),
    'workers', (select count(*) from pagetide.worker w
        where w.seen_at >= pagetide.clock() - 2 * $1::bigint * interval '1 ms'),
    'missed_scheduler', (select json_build_object('streams', m.streams, 'last_seen', m.last_seen,
        'host', m.on_host) from pagetide.missed_scheduler(2 * $1::bigint * interval '1 ms') m
        where m.streams > 0),
    'refusals', (select coalesce(json_agg(format('%s refuses %s', f.by_whom, f.what)), '[]')
        from pagetide.refusals() f))::text
