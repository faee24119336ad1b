-- The streams whose last run has rejects, those with the most first.
-- $1 page, from 1; $2 rows a page
with latest as materialized (
    select s.name, l.* from pagetide.stream s
    cross join lateral (select r.id as run, r.rejects, r.records, r.finished_at from pagetide.run r
        where r.stream = s.name order by r.id desc limit 1) l
    where s.removed_at is null and l.rejects > 0)
select json_build_object('total', (select count(*) from latest), 'streams', (
    select coalesce(json_agg(json_build_object('stream', w.name, 'run', w.run,
        'rejects', w.rejects, 'records', w.records, 'finished_at', w.finished_at,
        'reason', (select left(q.reason, 500) from pagetide.reject q where q.run = w.run
            order by q.id limit 1)) order by w.rejects desc, w.name), '[]')
    from (select * from latest l order by l.rejects desc, l.name
        offset ($1::int - 1) * $2::int limit $2::int) w))::text
