-- A page of the streams, how many there are, and how many each choice would show.
-- $1 a part of the name, or null; $2 a choice, or null; $3 order; $4 page, from 1; $5 rows a page
with clock as materialized (select pagetide.clock() as now),
latest as materialized (
    select s.name, s.paused, s.next_due, l.*, good.finished_at as last_success,
        s.schedule is not null or s.every_ms is not null as is_scheduled,
        coalesce(l.state in ('queued', 'running'), false) as is_active,
        coalesce(l.state in ('failed', 'dead', 'truncated', 'cancelled'), false) as is_failing,
        not s.paused and coalesce(s.next_due < c.now - interval '1 minute', false) as is_late
    from pagetide.stream s
    cross join clock c
    left join lateral (select r.id as run, r.state, r.reason, left(r.error, 2000) as error,
            r.rejects, r.asides, r.records, r.complete
        from pagetide.run r where r.stream = s.name order by r.id desc limit 1) l on true
    left join lateral (select r.finished_at from pagetide.run r
        where r.stream = s.name and r.state = 'succeeded' order by r.id desc limit 1) good on true
    where s.removed_at is null
        and ($1::text is null or position(lower($1) in lower(s.name)) > 0)),
chosen as materialized (
    select l.*, (case when l.is_failing then 8 else 0 end) + (case when l.is_late then 4 else 0 end)
            + (case when l.rejects > 0 then 2 else 0 end) + (case when l.asides > 0 then 1 else 0 end)
            as badness
    from latest l
    where case coalesce($2::text, 'all') when 'all' then true when 'running' then l.is_active
        when 'failing' then l.is_failing when 'ok' then l.state is not distinct from 'succeeded'
        when 'late' then l.is_late when 'paused' then l.paused when 'never' then l.run is null
        when 'rejects' then l.rejects > 0 when 'misfits' then l.asides > 0 end),
shown as (
    select c.*, row_number() over (order by
        case when $3::text = 'worst' then -c.badness end,
        case when $3 = 'next' then c.next_due end nulls last,
        case when $3 = 'oldest' then coalesce(c.last_success, '-infinity') end, c.name) as at
    from chosen c)
select json_build_object(
    'total', (select count(*) from chosen),
    'counts', (select json_build_object('all', count(*), 'running', count(*) filter (where is_active),
        'failing', count(*) filter (where is_failing),
        'ok', count(*) filter (where state = 'succeeded'),
        'late', count(*) filter (where is_late), 'paused', count(*) filter (where paused),
        'never', count(*) filter (where run is null),
        'rejects', count(*) filter (where rejects > 0),
        'misfits', count(*) filter (where asides > 0)) from latest),
    'streams', (select coalesce(json_agg(json_build_object(
        'stream', w.name, 'state', w.state, 'reason', w.reason, 'error', w.error, 'run', w.run,
        'paused', w.paused, 'is_late', w.is_late, 'is_scheduled', w.is_scheduled,
        'last_success', w.last_success, 'next_due', w.next_due, 'complete', w.complete,
        'records', coalesce(j.records, w.records), 'rejects', coalesce(j.rejects, w.rejects),
        'misfits', coalesce(j.asides, w.asides), 'table_rows', t.table_rows) order by w.at), '[]')
        from shown w
        left join lateral (select sum(o.records)::bigint as records, sum(o.rejects)::bigint
                as rejects, sum(o.asides)::bigint as asides
            from pagetide.job o where o.run = w.run and w.is_active) j on true
        left join lateral (select pagetide.known_rows(to_regclass(format('%I.%I', g.schema_name,
                g.table_name))) as table_rows
            from pagetide.target g where g.stream = w.name limit 1) t on true
        where w.at > ($4::int - 1) * $5::int and w.at <= $4::int * $5::int))::text
