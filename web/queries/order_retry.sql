-- Takes up again what failed of a run, or of one job of it. The second column is the status.
-- $1 run; $2 job, 0: all
select jsonb_strip_nulls(jsonb_build_object('run', a.run, 'stream', a.stream, 'state', a.state,
        'jobs', a.jobs, 'error', a.refusal))::text,
    case when a.refusal is null then 200 when a.stream is null then 404 else 409 end
from pagetide.retry($1::bigint, nullif($2::int, 0)) a
