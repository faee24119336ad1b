-- One stream: its schedule, tables, bookmarks and what waits for it. No row: there is none.
-- $1 name
select json_build_object('stream', s.name, 'version', s.version, 'schedule', s.schedule,
    'every_seconds', s.every_ms / 1000.0, 'timezone', s.timezone, 'catch_up', s.catch_up,
    'paused', s.paused, 'next_due', s.next_due, 'removed_at', s.removed_at,
    'last_success', (select r.finished_at from pagetide.run r where r.stream = s.name
        and r.state = 'succeeded' order by r.id desc limit 1),
    'run', (select max(r.id) from pagetide.run r where r.stream = s.name),
    'active_run', (select r.id from pagetide.run r where r.stream = s.name
        and r.state in ('queued', 'running') limit 1),
    'tables', (select coalesce(json_agg(format('%I.%I', t.schema_name, t.table_name)
            order by t.stream), '[]')
        from pagetide.target t where t.stream = s.name or starts_with(t.stream, s.name || '/')),
    'bookmarks', (select coalesce(json_agg(json_build_object('partition', b.partition,
            'value', left(b.value, 500), 'run', b.run) order by b.partition), '[]')
        from (select * from pagetide.bookmark k where k.stream = s.name
            order by k.partition limit 100) b),
    'requests', (select coalesce(json_agg(json_build_object('id', q.id, 'mode', q.mode,
            'priority', q.priority, 'received_at', q.received_at) order by q.received_at), '[]')
        from (select * from pagetide.request p where p.stream = s.name and p.state = 'pending'
            order by p.received_at limit 100) q))::text
from pagetide.stream s where s.name = $1
