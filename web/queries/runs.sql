-- Runs, the newest first.
-- $1 stream, or null; $2 state, or null; $3 below this run, 0: from the newest; $4 rows
select json_build_object('runs', coalesce(json_agg(json_build_object('run', h.run,
    'stream', h.stream, 'trigger', h.trigger, 'mode', h.mode, 'state', h.state,
    'reason', h.reason, 'error', left(h.error, 2000), 'pages', h.pages, 'records', h.records,
    'rejects', h.rejects, 'misfits', h.asides, 'started_at', h.started_at,
    'seconds', h.seconds, 'complete', h.complete, 'added', h.added, 'changed', h.changed,
    'deleted', h.deleted) order by h.run desc), '[]'),
    'next', case when count(*) = $4::int then min(h.run) end)::text
from (select * from pagetide.history a
    where ($1::text is null or a.stream = $1) and ($2::text is null or a.state = $2)
        and ($3::bigint = 0 or a.run < $3::bigint)
    order by a.run desc limit $4::int) h
