-- The rejects of a run in the order of their arrival, each with its first 2 KiB in base64.
-- $1 run; $2 behind this reject; $3 how many
select json_build_object('run', r.id, 'stream', r.stream, 'rejects', coalesce((
    select json_agg(json_build_object('id', q.id, 'job', j.n, 'page', q.page,
        'position', q.position, 'reason', left(q.reason, 2000), 'table', q.of_table, 'at', q.at,
        'bytes', octet_length(q.record),
        'record', translate(encode(substr(q.record, 1, 2048), 'base64'), E'\n', ''))
        order by q.id)
    from (select * from pagetide.reject e where e.run = r.id and e.id > $2::bigint
        order by e.id limit $3::int) q
    left join pagetide.job j on j.id = q.job), '[]'))::text
from pagetide.run r where r.id = $1::bigint
