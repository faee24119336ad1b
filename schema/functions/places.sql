-- Places that a definition names in records: columns, `with`, `flatten`, `exclude`, `where`, and the
-- columns of `indexes`. What a run says of those at which none of its records had anything. The words
-- are written by who reads the records (worker/rows/met.h).
-- Needs the tables run, job, stream, definition and target, reads_all (run_end), spec_tables (tables),
-- index_columns (indexes).

-- What is known of a job's places, with what one more page says: a place that was met stays so.
create or replace function pagetide.add_places(known jsonb, fresh jsonb) returns jsonb
language sql immutable
as $$
    select known || coalesce(jsonb_object_agg(f.key,
        f.value = 'true' or coalesce(known -> f.key = 'true', false)), '{}')
    from jsonb_each(fresh) f
$$;

-- Whether there can be a place at which the run has found nothing.
create or replace function pagetide.may_lack_places(r pagetide.run) returns boolean
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    return exists (select from job j where j.run = r.id and j.places @? '$.* ? (@ == false)')
        or exists (select from definition d where d.stream = r.stream and d.version = r.version
            and d.spec ?| '{indexes,tables}');
end
$$;

-- The places of a run, and whether one of its jobs has found something there.
create or replace function pagetide.run_places(of_run bigint)
returns table (words text, is_met boolean)
language sql stable rows 10
set search_path = pagetide, pg_temp
as $$
    select p.key, bool_or(p.value = 'true')
    from job j cross join lateral jsonb_each(j.places) p
    where j.run = of_run
    group by p.key
$$;

-- The names of a list of `indexes` that are no column of the owner's table.
create or replace function pagetide.absent_columns(of_owner text, relation regclass, names jsonb)
returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select string_agg(format('"%s"', n.name), ', ' order by n.at)
    from jsonb_array_elements_text(case jsonb_typeof(names) when 'array' then names
        else jsonb_build_array(names) end) with ordinality as n (name, at)
    where index_columns(of_owner, relation, to_jsonb(n.name)) is null
$$;

-- Indexes that are not made, as no record has ever brought one of their columns.
create or replace function pagetide.index_lacks(of_run bigint) returns setof text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('indexes: no record%s has %s, so the index of it is not there yet',
        case when t.owner = r.stream then '' else ' of ' || (t.table_spec ->> 'table') end,
        absent_columns(t.owner, c.oid, i -> 'columns'))
    from run r join definition d on d.stream = r.stream and d.version = r.version
    cross join lateral spec_tables(r.stream, d.spec) t
    join target g on g.stream = t.owner and not g.is_blank
    join pg_class c on c.oid = to_regclass(format('%I.%I', g.schema_name, g.table_name))
    cross join lateral jsonb_array_elements(case jsonb_typeof(t.table_spec -> 'indexes') when 'array'
        then t.table_spec -> 'indexes' else '[]' end) i
    where r.id = of_run and absent_columns(t.owner, c.oid, i -> 'columns') is not null
        and exists (select from job j where j.run = of_run
            and case when t.owner = r.stream then j.records > j.rejects
                else j.tables ? (t.table_spec ->> 'table') end)
$$;

-- A run that reads all there is says it of all its records. Any other says it only where no run before
-- has found anything either, as far as that is known: few records may well lack what is optional.
create or replace function pagetide.absent_places(of_run bigint) returns setof text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when p.words = 'where: none of the records is kept'
        then format('where: none of the %s records is kept', (select sum(j.dropped) from job j
            where j.run = of_run))
        else p.words end
    from run r join stream s on s.name = r.stream
    cross join lateral run_places(r.id) p
    where r.id = of_run and not p.is_met and (reads_all(r.id)
        or not s.places && array[p.words, 'version ' || r.version])
    union all
    select l from index_lacks(of_run) l
$$;

-- What a run whose jobs have come to an end says; at most 20, and how many more there are.
create or replace function pagetide.places_words(of_run bigint) returns setof text
language sql stable
set search_path = pagetide, pg_temp
as $$
    with absent as (
        select a.words, row_number() over (order by a.words) as at
        from absent_places(of_run) a (words)
        where not exists (select from job j where j.run = of_run
            and j.state not in ('succeeded', 'truncated')))
    select a.words from absent a where a.at <= 20
    union all
    select format('places: no record has anything at %s more places of the definition', count(*))
    from absent a where a.at > 20 having count(*) > 0
$$;

-- What a run has found is known to those behind it.
create or replace function pagetide.remember_places(of_run bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update stream s set places = array(select unnest(s.places) union select n.words
        from run_places(of_run) n where n.is_met order by 1)
    from run r
    where r.id = of_run and s.name = r.stream and exists (select from run_places(of_run) p
            where p.is_met and p.words <> all (s.places))
$$;
