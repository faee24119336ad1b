-- Asks for a run now, as a reload message does. The second column is the status.
-- $1 id, where the body has none; $2 stream; $3 the body: the fields of a message
select jsonb_strip_nulls(jsonb_build_object('id', coalesce($3::jsonb ->> 'id', $1),
        'stream', $2::text, 'state', r.state, 'run', r.run, 'error', r.reason))::text,
    case when r.state = 'refused' then 409 else 200 end
from pagetide.reload(coalesce($3::jsonb ->> 'id', $1), $2::text,
    ($3::jsonb - 'id') || jsonb_build_object('stream', $2::text)) r
