-- Stops a stream's schedule. The second column is the status.
-- $1 stream
select jsonb_strip_nulls(jsonb_build_object('run', a.run, 'stream', a.stream, 'state', a.state,
        'jobs', a.jobs, 'error', a.refusal))::text,
    case when a.refusal is null then 200 when a.stream is null then 404 else 409 end
from pagetide.pause($1::text) a
