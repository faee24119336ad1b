-- What a person orders of a stream's columns: list them, change a type, forget all of it.
-- Needs active_run (runs), unknown_stream (orders), column_dependent, widen_refusal,
-- refill_column, is_readable (widen), type_oid (columns), run_misfits (misfits), forget_kept (replace).

-- The definition of the newest run, or the one in force.
create or replace function pagetide.latest_spec(of_stream text) returns jsonb
language sql stable
set search_path = pagetide, pg_temp
as $$
    select d.spec from definition d where d.stream = of_stream and d.version = coalesce(
        (select r.version from run r where r.stream = of_stream order by r.id desc limit 1),
        (select s.version from stream s where s.name = of_stream))
$$;

-- What it says of the owner's table.
create or replace function pagetide.latest_table(of_owner text) returns jsonb
language sql stable
set search_path = pagetide, pg_temp
as $$
    select owner_spec(of_owner, latest_spec(owner_stream(of_owner)))
$$;

-- The columns of a stream (or of one of its `tables`: `shop.orders/items`) in the order of the table, and the fields without a column that the
-- last run has met. `misfits`: values of the last run that did not fit.
create or replace function pagetide.list_columns(of_stream text)
returns table (column_name text, path text, type text, origin text, misfits bigint, note text)
language sql stable
set search_path = pagetide, pg_temp
as $$
    with spec as (select latest_table(of_stream) as spec),
    declared as (select c.value ->> 0 as name, coalesce(c.value -> 1 ->> 'path', c.value ->> 0)
            as path
        from spec s cross join lateral jsonb_array_elements(
            case jsonb_typeof(s.spec -> 'columns') when 'array' then s.spec -> 'columns'
                else '[]' end) c),
    misfit as (select n.name, m.count, m.note from run_misfits((select max(r.id) from run r
        where r.stream = owner_stream(of_stream))) m
        cross join lateral (select own_name(of_stream, latest_spec(owner_stream(of_stream)), m.name)
            as name) n where n.name is not null),
    known as (select f.column_name, coalesce(d.path, f.field) as path,
            format_type(a.atttypid, a.atttypmod) as type, case when d.name is not null
                then 'declared' when f.declared then 'set by hand'
                when t.created_run is null then 'adopted' else 'inferred' end as origin,
            coalesce(m.count, 0) as misfits, widen_refusal(of_stream, a.attrelid, a.attname) as why,
            m.note ->> 'wider' as wider, a.attnum
        from spec s
        join target t on t.stream = of_stream and t.schema_name = s.spec ->> 'schema'
            and t.table_name = s.spec ->> 'table'
        join field f on f.stream = of_stream
        join pg_attribute a on a.attrelid = to_regclass(format('%I.%I', t.schema_name,
            t.table_name)) and a.attname = f.column_name and a.attnum > 0 and not a.attisdropped
        left join declared d on d.name = f.field
        left join misfit m on m.name = f.column_name)
    select q.column_name, q.path, q.type, q.origin, q.misfits, q.note
    from (
        select k.column_name, k.path, k.type, k.origin, k.misfits,
            case when k.misfits > 0 then concat_ws('; ', k.why,
                'would be ' || nullif(wider_type(k.type, k.wider), k.type)) end as note, k.attnum
        from known k
        union all
        select null, coalesce(m.note ->> 'label', m.name), null, null, m.count,
            'no column: kept in _pt_aside', null
        from misfit m where not exists (select from known k where k.column_name = m.name)) q
    order by q.attnum nulls last, q.path
$$;

-- A column's value as text, so that another type can read it: numbers without needless zeros.
create or replace function pagetide.text_sql(expression text, old text, wanted text)
returns text
language sql immutable
as $$
    select format(case
        when old = 'timestamp with time zone' then 'pagetide.rfc3339(%s)'
        when old = 'numeric' and wanted in ('bigint', 'integer', 'smallint')
            then 'trim_scale(%s)::text'
        when old = 'jsonb' then '(%s) #>> ''{}'''
        else '(%s)::text' end, expression)
$$;

-- Values that the type cannot read go to _pt_aside. Returns how many.
create or replace function pagetide.put_aside(relation regclass, name text, value text, type text)
returns bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    moved bigint;
begin
    execute format('update %s set _pt_aside = coalesce(_pt_aside, ''{}'') || jsonb_build_object(%L, '
        'to_jsonb(%I)::text), %I = null where %I is not null and not pagetide.is_readable(%s, %L)',
        relation, name, name, name, name, value, type);
    get diagnostics moved = row_count;
    return moved;
end
$$;

-- What a change of a column's type will lock, in words; null where the stream has no table.
create or replace function pagetide.lock_words(of_stream text) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('%I.%I has about %s rows in %s: nobody else reads or writes it until they are '
        'rewritten', t.schema_name, t.table_name, coalesce(known_rows(c.oid), 0),
        pretty_size(c.oid))
    from target t join pg_class c on c.oid = to_regclass(format('%I.%I', t.schema_name, t.table_name))
    where t.stream = of_stream limit 1
$$;

-- Why the type of a column cannot be changed, or null.
create or replace function pagetide.retype_refusal(of_stream text, spec jsonb, name text,
    new_type text) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    with place as (select format('%I.%I', spec ->> 'schema', spec ->> 'table') as words,
        to_regclass(format('%I.%I', spec ->> 'schema', spec ->> 'table')) as relation)
    select case
        when active_run(owner_stream(of_stream)) is not null then format(
            'run %s of %s is under way: wait for its end, or cancel it',
            active_run(owner_stream(of_stream)), owner_stream(of_stream))
        when p.relation is null then format('table %s is not there', p.words)
        when not is_type_text(new_type) or type_oid(new_type) is null
            then format('"%s" is not a type', new_type)
        when not exists (select from field f where f.stream = of_stream and f.column_name = name)
            or column_type(spec, name) is null then format('%s has no column %s', of_stream, name)
        when column_dependent(p.relation, a.attnum) ~ '^(view|materialized view)' then format(
            '%s depends on it: drop that, give the order again, and make it anew',
            column_dependent(p.relation, a.attnum))
    end
    from place p left join pg_attribute a on a.attrelid = p.relation and a.attname = name
$$;

-- Changes the type of a column. What the type cannot read goes to _pt_aside, what it can comes
-- back from there; a key is changed only where all of it can be read. `state` says what became
-- of it. The table is locked meanwhile.
create or replace function pagetide.retype_column(of_stream text, name text, new_type text)
returns pagetide.order_answer
language plpgsql
set search_path = pagetide, pg_temp
set lock_timeout = '30s'
as $$
declare
    a order_answer;
    spec jsonb := latest_table(of_stream);
    relation regclass := to_regclass(format('%I.%I', spec ->> 'schema', spec ->> 'table'));
    old text := column_type(spec, name);
    bare text;
    value text;
    moved bigint;
begin
    if spec is null then
        return unknown_stream(of_stream);
    end if;
    a.stream := of_stream;
    a.refusal := retype_refusal(of_stream, spec, name, new_type);
    if a.refusal is not null then
        return a;
    end if;
    bare := format_type(type_oid(new_type), -1);
    value := text_sql(format('%I', name), old, bare);
    perform pg_advisory_xact_lock(hashtextextended(format('pagetide %s', format('%I.%I',
        spec ->> 'schema', spec ->> 'table')), 0));
    if bare not in ('text', 'json', 'jsonb') then
        moved := put_aside(relation, name, value, bare);
    end if;
    if moved > 0 and spec -> 'key' ? (select f.field from field f where f.stream = of_stream
        and f.column_name = name) then
        raise exception '% rows have a key that is no %', moved, new_type using errcode = 'PT023';
    end if;
    perform run_ddl(format('alter table %s alter column %I type %s using %s', relation, name,
        new_type, case when bare = 'text' then value
            when bare not in ('json', 'jsonb') then format('(%s)::%s', value, bare)
            when old = 'text' then format('case when pagetide.is_readable(%1$I, %2$L) then '
                '%1$I::%2$s else to_%2$s(%1$I) end', name, bare)
            else format('to_%s(%I)', bare, name) end));
    update field f set type = column_type(spec, name), declared = true
    where f.stream = of_stream and f.column_name = name;
    a.jobs := refill_column(relation, name);
    a.state := concat_ws('; ', column_type(spec, name),
        nullif(a.jobs, 0) || ' values came back from _pt_aside',
        nullif(moved, 0) || ' values do not fit and are in _pt_aside');
    return a;
exception when sqlstate 'PT023' or feature_not_supported or dependent_objects_still_exist
    or insufficient_privilege or invalid_table_definition or datatype_mismatch
    or cannot_coerce or string_data_right_truncation or numeric_value_out_of_range
    or unique_violation or check_violation or not_null_violation then
    a.refusal := format('column %s stays %s: %s', name, old, sqlerrm);
    return a;
end
$$;

-- What a reset of the stream would forget, in words; null where there is no such stream.
create or replace function pagetide.reset_words(of_stream text) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('%s bookmark%s and the mapping of %s columns', k.count,
        case when k.count = 1 then '' else 's' end, f.count) || coalesce((
            select '; its table is ' || string_agg(format('%I.%I (about %s rows%s)',
                t.schema_name, t.table_name, coalesce(known_rows(c.oid), 0),
                case when t.created_run is null then ', adopted' else '' end), ', ')
            from target t join pg_class c on c.oid = to_regclass(format('%I.%I', t.schema_name,
                t.table_name))
            where is_of(t.stream, of_stream)), '')
    from (select count(*) from bookmark b where b.stream = of_stream) k,
        (select count(*) from field d where is_of(d.stream, of_stream)) f
    where exists (select from stream s where s.name = of_stream)
$$;

-- The stream begins anew: without bookmarks, and with columns decided anew. A table that stays is
-- used as one that was adopted: by the names of its columns.
create or replace function pagetide.reset_stream(of_stream text, drops_table boolean)
returns pagetide.order_answer
language plpgsql
set search_path = pagetide, pg_temp
set lock_timeout = '30s'
as $$
declare
    a order_answer;
    t target;
begin
    a.stream := (select s.name from stream s where s.name = of_stream for update);
    if a.stream is null then
        return unknown_stream(of_stream);
    elsif active_run(of_stream) is not null then
        a.refusal := format('run %s of %s is under way: wait for its end, or cancel it',
            active_run(of_stream), of_stream);
        return a;
    end if;
    for t in select * from target o where is_of(o.stream, of_stream) loop
        if drops_table and t.created_run is null then
            raise exception 'table %.% was adopted: drop it yourself, or --keep-table',
                t.schema_name, t.table_name using errcode = 'PT023';
        elsif drops_table then
            execute format('drop table if exists %I.%I', t.schema_name, t.table_name);
            delete from target o where o.stream = t.stream and o.table_name = t.table_name
                and o.schema_name = t.schema_name;
        else
            update target o set created_run = null, is_blank = true where o.stream = t.stream;
        end if;
    end loop;
    delete from bookmark k where k.stream = of_stream;
    delete from field f where is_of(f.stream, of_stream);
    perform forget_kept(of_stream, null);
    a.state := 'reset';
    return a;
exception when sqlstate 'PT023' or dependent_objects_still_exist or insufficient_privilege then
    a.refusal := sqlerrm;
    return a;
end
$$;
