-- Values that did not fit their column: what is kept of them with a job, and what a run says of
-- them at its end.
-- Needs the tables run, job and definition, spec_tables, own_name, run_tables (tables), widen_refusal
-- (widen).

-- Two objects {name: count} added. Names past 2,000 are counted together.
create or replace function pagetide.add_counts(a jsonb, b jsonb) returns jsonb
language sql immutable
as $$
    select coalesce(jsonb_object_agg(c.name, c.total), '{}')
    from (select case when e.at <= 2000 then e.key else '(others)' end as name,
            sum(e.count)::bigint as total
        from (select o.key, sum(o.value::bigint) as count,
                row_number() over (order by not a ? o.key, o.key) as at
            from (select * from jsonb_each_text(a) union all select * from jsonb_each_text(b)) o
            group by o.key) e
        group by 1) c
$$;

-- A type that takes what both take; null is nothing. bigint < numeric < text < jsonb, all others
-- < text. As column_infer_type (worker/rows/column_infer.c).
create or replace function pagetide.wider_type(a text, b text) returns text
language sql immutable
as $$
    select case when a = b or b is null then a when a is null then b
        when 'jsonb' in (a, b) then 'jsonb'
        when a in ('bigint', 'numeric') and b in ('bigint', 'numeric') then 'numeric'
        else 'text' end
$$;

-- The notes of a job with those of one more page: of each column the first place stays, and the
-- type that is wanted grows.
create or replace function pagetide.add_notes(known jsonb, fresh jsonb, of_page int) returns jsonb
language sql immutable
set search_path = pagetide, pg_temp
as $$
    select known || coalesce(jsonb_object_agg(n.key, case
        when known ? n.key then known -> n.key || jsonb_strip_nulls(jsonb_build_object('wider',
            wider_type(known -> n.key ->> 'wider', n.value ->> 'wider')))
        else n.value || jsonb_build_object('page', of_page) end), '{}')
    from jsonb_each(fresh) n
    where known ? n.key or (select count(*) from jsonb_object_keys(known)) < 2000
$$;

-- By column: how many values of the run did not fit, and the note on the first job's first one.
create or replace function pagetide.run_misfits(of_run bigint)
returns table (name text, count bigint, note jsonb)
language sql stable rows 10
set search_path = pagetide, pg_temp
as $$
    select c.key, sum(c.value::bigint)::bigint,
        (array_agg(j.aside_notes -> c.key order by j.n)
            filter (where j.aside_notes ? c.key))[1]
    from job j cross join lateral jsonb_each_text(j.aside_columns) c
    where j.run = of_run
    group by c.key
    order by 2 desc, 1
$$;

-- Whether so many values of `records` are more than `most` says: a share ("10%") or a count.
create or replace function pagetide.is_over_share(count bigint, records bigint, most text)
returns boolean
language sql immutable
as $$
    select case when most like '%\%' then count * 100 > records * rtrim(most, '%')::numeric
        else count > most::bigint end
$$;

-- The type of a column in the stream's table; null where it has none.
create or replace function pagetide.column_type(spec jsonb, name text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format_type(a.atttypid, a.atttypmod) from pg_attribute a
    where a.attrelid = to_regclass(format('%I.%I', spec ->> 'schema', spec ->> 'table'))
        and a.attname = name and a.attnum > 0 and not a.attisdropped
$$;

-- How the column would take the values: the command, and why it was not done unasked.
create or replace function pagetide.misfit_advice(of_stream text, spec jsonb, name text,
    type text, wider text) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when wider is null or type is null or wider_type(type, wider) = type then ''
        else format('; %s`pagetide columns %s --type %s=%s` changes it and fills it in',
            widen_refusal(of_stream, to_regclass(format('%I.%I', spec ->> 'schema',
                spec ->> 'table')), name) || ': ', of_stream,
            case when name ~ '^[a-z0-9_]+$' then name else quote_literal(name) end,
            wider_type(type, wider))
        end
$$;

-- What the run says of each column with misfits, the worst first; at most 20, and how many more
-- there are. `is_over`: more than max_asides.
create or replace function pagetide.misfit_words(of_run bigint)
returns table (words text, is_over boolean)
language sql stable
set search_path = pagetide, pg_temp
as $$
    with spec as (
        select t.owner, d.spec as whole, t.table_spec as spec,
            coalesce(d.spec ->> 'max_asides', '10%') as most,
            case when t.owner = r.stream
                then (select sum(j.records - j.rejects) from job j where j.run = of_run)
                else (select n.records - n.rejects from run_tables(of_run) n
                    where t.owner = r.stream || '/' || n.name) end as records
        from run r join definition d on d.stream = r.stream and d.version = r.version
        cross join lateral (select * from spec_tables(r.stream, d.spec)
            union select r.stream, d.spec) t
        where r.id = of_run),
    misfit as (
        select m.*, s.records, s.most, s.owner as stream, s.spec, own_name(s.owner, s.whole, m.name)
                as own_name,
            column_type(s.spec, own_name(s.owner, s.whole, m.name)) as type,
            is_over_share(m.count, s.records::bigint, s.most) as is_over,
            row_number() over () as at
        from run_misfits(of_run) m
        join spec s on own_name(s.owner, s.whole, m.name) is not null)
    select case when m.name = '(others)' then format('misfits: more fields, which have '
            'no column: %s values do not fit; kept in _pt_aside', m.count)
        else format('misfits: %s: %s of %s records have a value that does not fit%s%s; kept in '
            '_pt_aside%s',
            format(case when m.type is null then 'field %s, which has no column'
                else 'column %s (%s)' end, coalesce(m.note ->> 'label', m.name), m.type),
            m.count, m.records, case when m.is_over
                then format(' (more than max_asides: %s)', m.most) else '' end,
            case when m.note is null then '' else format('; the first is %s, page %s, position %s',
                m.note ->> 'what', m.note ->> 'page', m.note ->> 'position') end,
            misfit_advice(m.stream, m.spec, m.own_name, m.type, m.note ->> 'wider')) end, m.is_over
    from misfit m where m.at <= 20
    union all
    select format('misfits: %s more columns or fields have values that do not fit', count(*)),
        bool_or(m.is_over)
    from misfit m where m.at > 20 having count(*) > 0
$$;

-- Why a run whose jobs are well fails all the same, or null.
create or replace function pagetide.misfit_failure(of_run bigint) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select string_agg(regexp_replace(w.words, '^misfits: ', ''), E'\n')
    from misfit_words(of_run) w
    where w.is_over and exists (select from run r
        join definition d on d.stream = r.stream and d.version = r.version
        where r.id = of_run and d.spec ->> 'on_max_asides' = 'fail')
$$;
