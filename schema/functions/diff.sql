-- What changed from a run of a stream to a later one, as far as it is kept: by the ledger, and by the
-- stream's tables. What cannot be known is said in rows of `change` = 'unknown'.
-- Needs is_of, owner_spec (tables).

-- Pages: the records are the same as those of some page of the older run; or they are others, and the
-- same was asked for; or neither. With a key, records are the same where their keys are
-- (worker/records/record_id.h). Lists at most `most` of each.
create or replace function pagetide.diff_pages(old_run bigint, new_run bigint, most bigint)
returns table (change text, count bigint, which jsonb)
language sql stable
set search_path = pagetide, pg_temp
as $$
    with known as (
        select j.run, j.n, p.number, p.request_hash, p.records_hash, p.asked, p.records
        from page p join job j on j.id = p.job where j.run in (old_run, new_run)),
    older as (select * from known k where k.run = old_run),
    newer as (select * from known k where k.run = new_run),
    told as (
        select case when n.records_hash in (select o.records_hash from older o) then 'same'
            when n.request_hash in (select o.request_hash from older o) then 'changed'
            else 'new' end as change, n.*
        from newer n
        union all
        select 'gone', o.* from older o
        where o.records_hash not in (select n.records_hash from newer n)
            and o.request_hash not in (select n.request_hash from newer n)),
    listed as (
        select t.*, row_number() over (partition by t.change order by t.n, t.number) as at from told t),
    kinds as (select * from unnest(array['same', 'changed', 'new', 'gone'])
        with ordinality as k (change, place))
    select k.change, case when l.at is null then (select count(*) from told t
        where t.change = k.change) end, case when l.at is not null then jsonb_strip_nulls(
        jsonb_build_object('job', l.run || '/' || l.n, 'page', l.number, 'records', l.records,
            'asked', l.asked)) end
    from kinds k
    join (select l.change, l.run, l.n, l.number, l.records, l.asked, l.at from listed l
        where l.change <> 'same' and l.at <= most
        union all select k.change, null, null, null, null, null, null from kinds k) l
        on l.change = k.change
    order by k.place, l.at nulls first
$$;

-- The SQL of the three below has names of its own for rows: `to_jsonb(t)` would be a column t.
--
-- Versions of keys: those that were current at the start of each run are compared.
create or replace function pagetide.diff_history_sql(relation regclass, keys text[]) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('with _pt_a as (select * from %1$s t where t._pt_from <= $1 '
        'and (t._pt_to is null or t._pt_to > $1)), _pt_b as (select * from %1$s t '
        'where t._pt_from <= $2 and (t._pt_to is null or t._pt_to > $2)) '
        'select case when _pt_a._pt_from is null then ''new'' '
        'when _pt_b._pt_from is null then ''closed'' else ''changed'' end as change, '
        'jsonb_build_object(%2$s) as which, '
        'case when _pt_a._pt_from is not null and _pt_b._pt_from is not null then array('
        'select n.key from jsonb_each(to_jsonb(_pt_b)) n where n.key not like ''\_pt\_%%'' '
        'and to_jsonb(_pt_a) -> n.key is distinct from n.value order by 1) end as columns '
        'from _pt_a full join _pt_b using (%3$s) '
        'where _pt_a._pt_from is distinct from _pt_b._pt_from',
        relation, (select string_agg(format('%1$L, %1$I', k), ', ') from unnest(keys) k),
        (select string_agg(quote_ident(k), ', ') from unnest(keys) k))
$$;

-- Rows of an upserted table that were written last between the runs.
create or replace function pagetide.diff_written_sql(relation regclass, keys text[]) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('select ''written'' as change, jsonb_build_object(%2$s) as which, '
        'null::text[] as columns from %1$s t where t._pt_run > $3 and t._pt_run <= $4',
        relation, (select string_agg(format('%1$L, t.%1$I', k), ', ') from unnest(keys) k))
$$;

-- Rows that each of the runs appended, by the hash of their records.
create or replace function pagetide.diff_appended_sql(relation regclass) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('select case _pt_row._pt_run when $4 then ''new'' else ''gone'' end as change, '
        'jsonb_strip_nulls(to_jsonb(_pt_row) - array[''_pt_run'', ''_pt_at'', ''_pt_hash'']) '
        'as which, null::text[] as columns from %1$s _pt_row where _pt_row._pt_run in ($3, $4) '
        'and not exists (select from %1$s o where o._pt_run = case _pt_row._pt_run '
        'when $4 then $3 else $4 end and o._pt_hash = _pt_row._pt_hash)', relation)
$$;

-- What is not known of an upserted or replaced table, in sentences.
create or replace function pagetide.diff_limits(relation regclass, old_run bigint, new_run bigint)
returns setof text
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    later bigint;
    deleted bigint;
begin
    return next 'whether a written row is new or changed, and what it was before: only `write: history` keeps that';
    execute format('select count(*) from %s t where t._pt_run > $1', relation) into later using new_run;
    if later > 0 then
        return next format('%s rows have been written again by runs after %s: what they were then', later,
            new_run);
    end if;
    select sum(n.deleted) into deleted from run n join run o on o.stream = n.stream
    where o.id = new_run and n.id > old_run and n.id <= new_run;
    if deleted > 0 then
        return next format('which %s rows were deleted by the runs behind %s, up to %s', deleted,
            old_run, new_run);
    end if;
end
$$;

-- One of the stream's tables. `place` has its relation, owner, write mode and key columns.
create or replace function pagetide.diff_table(place jsonb, old_run pagetide.run, new_run pagetide.run, most bigint)
returns table (change text, count bigint, which jsonb, columns text[])
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    relation regclass := (place ->> 'relation')::regclass;
    mode text := place ->> 'write';
    keys text[] := array(select jsonb_array_elements_text(place -> 'keys'));
    rows_sql text := case mode when 'history' then diff_history_sql(relation, keys)
        when 'append' then diff_appended_sql(relation) else diff_written_sql(relation, keys) end;
    kinds text[] := case mode when 'history' then array['new', 'changed', 'closed']
        when 'append' then array['new', 'gone'] else array['written'] end;
    kind text;
begin
    foreach kind in array kinds loop
        return query execute format('with d as materialized (select * from (%s) d where d.change = %L) '
            'select %2$L::text, (select count(*) from d), null::jsonb, null::text[] union all '
            '(select d.change, null, d.which, d.columns from d order by d.which limit %s)',
            rows_sql, kind, most)
            using old_run.started_at, new_run.started_at, old_run.id, new_run.id;
    end loop;
    if mode in ('upsert', 'replace') then
        return query select 'unknown'::text, null::bigint, to_jsonb(l), null::text[]
            from diff_limits(relation, old_run.id, new_run.id) l;
    end if;
    if mode = 'append' and exists (select from field f where f.stream = place ->> 'owner'
        and f.first_run > old_run.id and f.first_run <= new_run.id) then
        return query select 'unknown'::text, null::bigint, to_jsonb('which records are the same: '
            'columns were added between the runs, and hashes of rows are those of a table''s columns'
            ::text), null::text[];
    end if;
end
$$;

-- The tables of the newer run's definition that are there.
create or replace function pagetide.diff_places(new_run pagetide.run) returns setof jsonb
language sql stable
set search_path = pagetide, pg_temp
as $$
    select jsonb_build_object('name', t.schema_name || '.' || t.table_name, 'owner', t.stream,
        'relation', to_regclass(format('%I.%I', t.schema_name, t.table_name))::text,
        'write', coalesce(s.spec ->> 'write', 'append'), 'keys', coalesce((
            select jsonb_agg(f.column_name order by k.at)
            from jsonb_array_elements_text(as_list(s.spec -> 'key')) with ordinality as k (name, at)
            join field f on f.stream = t.stream and f.field = k.name), '[]'))
    from target t
    join definition d on d.stream = new_run.stream and d.version = new_run.version
    cross join lateral (select owner_spec(t.stream, d.spec) as spec) s
    where is_of(t.stream, new_run.stream) and s.spec is not null
        and to_regclass(format('%I.%I', t.schema_name, t.table_name)) is not null
    order by t.stream
$$;

-- All of it. No row where they are not two runs of one stream. `part`: pages, or a table's name.
create or replace function pagetide.diff(run_a bigint, run_b bigint, most bigint)
returns table (part text, change text, count bigint, which jsonb, columns text[])
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    older pagetide.run;
    newer pagetide.run;
    place jsonb;
    one pagetide.run;
begin
    select * into older from run r where r.id = least(run_a, run_b);
    select * into newer from run r where r.id = greatest(run_a, run_b);
    if older.id is null or newer.id is null or older.id = newer.id or older.stream <> newer.stream then
        return;
    end if;
    return query select 'pages'::text, p.change, p.count, p.which, null::text[]
        from diff_pages(older.id, newer.id, most) p;
    if exists (select from definition d where d.stream = newer.stream and d.version = newer.version
        and d.spec ? 'key') then
        return query select 'pages'::text, 'unknown'::text, null::bigint, to_jsonb(
            'what changed in the records of a page: with a `key` the ledger has a hash of the keys'
            ::text), null::text[];
    end if;
    foreach one in array array[older, newer] loop
        if one.state <> 'succeeded' then
            return query select 'pages'::text, 'unknown'::text, null::bigint, to_jsonb(format(
                'run %s is %s: what it did not read', one.id, one.state)), null::text[];
        end if;
        if not exists (select from page p join job j on j.id = p.job where j.run = one.id) then
            return query select 'pages'::text, 'unknown'::text, null::bigint, to_jsonb(format(
                'the pages of run %s: its ledger is not kept any more, or it read none', one.id)),
                null::text[];
        end if;
    end loop;
    for place in select diff_places(newer) loop
        return query select place ->> 'name', t.change, t.count, t.which, t.columns
            from diff_table(place, older, newer, most) t;
    end loop;
end
$$;
