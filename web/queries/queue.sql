-- What waits: jobs by state, jobs that wait for something, requests, ticks to come, chores.
-- $1 how many of each are shown
select json_build_object(
    'jobs', (select json_build_object('queued', count(*) filter (where j.state = 'queued'),
        'running', count(*) filter (where j.state = 'running'),
        'waiting', count(*) filter (where j.state = 'waiting'),
        'oldest_queued_at', min(r.created_at) filter (where j.state = 'queued'))
        from pagetide.job j left join pagetide.run r on r.id = j.run and j.state = 'queued'
        where j.state in ('queued', 'running', 'waiting')),
    'waiting', (select coalesce(json_agg(json_build_object('run', w.run, 'n', w.n,
        'stream', r.stream, 'state', w.state, 'waiting_for', left(w.waiting_for, 300),
        'wait_until', case when not w.part ? 'listing' then w.wait_until end, 'attempt', w.attempt) order by w.wait_until, w.id), '[]')
        from (select * from pagetide.job o where o.state in ('waiting', 'queued')
                and o.waiting_for is not null
            order by o.wait_until, o.id limit $1::int) w join pagetide.run r on r.id = w.run),
    'requests_total', (select count(*) from pagetide.request q where q.state = 'pending'),
    'requests', (select coalesce(json_agg(json_build_object('id', q.id, 'stream', q.stream,
        'mode', q.mode, 'priority', q.priority, 'received_at', q.received_at,
        'scheduled_for', q.scheduled_for) order by q.priority desc, q.received_at), '[]')
        from (select * from pagetide.request o where o.state = 'pending'
            order by o.priority desc, o.received_at limit $1::int) q),
    'due', (select coalesce(json_agg(json_build_object('stream', s.name,
        'next_due', s.next_due) order by s.next_due, s.name), '[]')
        from (select * from pagetide.stream o where o.removed_at is null and not o.paused
            and o.next_due is not null order by o.next_due, o.name limit $1::int) s),
    'chores', (select coalesce(json_agg(json_build_object('stream', c.stream, 'run', c.run,
        'kind', c.kind, 'attempts', c.attempts, 'due_at', c.due_at) order by c.due_at), '[]')
        from (select * from pagetide.chore o order by o.due_at limit $1::int) c))::text
