-- The columns whose values did not fit in their stream's last run, those with the most first.
-- $1 page, from 1; $2 rows a page
with latest as materialized (
    select s.name as stream, l.* from pagetide.stream s
    cross join lateral (select r.id as run, r.asides, r.finished_at from pagetide.run r
        where r.stream = s.name order by r.id desc limit 1) l
    where s.removed_at is null and l.asides > 0),
misfit as materialized (
    select l.stream, l.run, l.finished_at, m.name, m.count, m.note
    from latest l cross join lateral pagetide.run_misfits(l.run) m)
select json_build_object('total', (select count(*) from misfit), 'columns', (
    select coalesce(json_agg(json_build_object('stream', w.stream, 'run', w.run,
        'column', coalesce(w.note ->> 'label', w.name), 'misfits', w.count,
        'first', left(w.note ->> 'what', 500), 'page', w.note -> 'page',
        'position', w.note -> 'position', 'wider', w.note ->> 'wider',
        'finished_at', w.finished_at) order by w.count desc, w.stream, w.name), '[]')
    from (select * from misfit m order by m.count desc, m.stream, m.name
        offset ($1::int - 1) * $2::int limit $2::int) w))::text
