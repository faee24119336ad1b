-- A column changes its type: which may, how their values are carried over, and what comes back
-- from _pt_aside.
-- Needs the tables target and field, rfc3339 (helpers), wider_type (misfits), table_size
-- (table_partitions).

-- A table larger than this (rows and TOAST) is not rewritten unasked: readers would wait.
create or replace function pagetide.widen_max_bytes() returns bigint
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce((select m.value::bigint from meta m where m.key = 'widen_max_bytes'),
        128 * 1024 * 1024)
$$;

-- What would notice another type of the column: a view, an index, a constraint, a default … of
-- the user's. Null: nothing. Our own indexes follow the column, unless `where` looks at it.
create or replace function pagetide.column_dependent(relation regclass, number smallint)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when d.classid = 'pg_rewrite'::regclass
        then (select pg_describe_object('pg_class'::regclass, r.ev_class, 0)
            from pg_rewrite r where r.oid = d.objid)
        else pg_describe_object(d.classid, d.objid, d.objsubid) end
    from pg_depend d
    where d.refclassid = 'pg_class'::regclass and d.refobjid = relation
        and d.refobjsubid = number and not (d.classid = 'pg_class'::regclass
            and coalesce(obj_description(d.objid, 'pg_class'), '') ~ '^(key of pagetide$|index of pagetide: )'
            and not exists (select from pg_index i where i.indexrelid = d.objid
                and i.indpred is not null))
    order by d.classid <> 'pg_rewrite'::regclass, d.objid limit 1
$$;

-- Why a column keeps its type although a value does not fit, or null: it may become wider. Only
-- what we made and nobody else relies on is changed unasked. `size`: table_size of it, where that
-- is known.
create or replace function pagetide.widen_refusal(of_stream text, relation regclass, name text,
    size bigint default null)
returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select nullif(coalesce((select case
        when f.declared then 'its type is declared'
        when a.type not in ('boolean', 'bigint', 'numeric', 'timestamp with time zone', 'date',
            'uuid') or a.type <> f.type then 'its type was not inferred'
        when t.created_run is null then 'the table was adopted'
        when dependent is not null then dependent || ' depends on it'
        when a.parts_the_table then 'the table is partitioned by it'
        when exists (select from pg_inherits i where i.inhrelid = relation
            or i.inhparent = relation and c.relkind <> 'p') then 'the table has parents or children'
        when not pg_has_role(c.relowner, 'usage') then 'the table belongs to another role'
        when coalesce(size, table_size(relation)) > widen_max_bytes() then format(
            'the table has %s, over %s', pg_size_pretty(coalesce(size, table_size(relation))),
            pg_size_pretty(widen_max_bytes()))
        else '' end
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join target t on t.schema_name = n.nspname and t.table_name = c.relname
    join field f on f.stream = t.stream and f.column_name = name
    join lateral (select format_type(o.atttypid, o.atttypmod) as type,
            column_dependent(relation, o.attnum) as dependent,
            exists (select from pg_partitioned_table p where p.partrelid = relation
                and o.attnum = any (p.partattrs)) as parts_the_table
        from pg_attribute o where o.attrelid = relation and o.attname = name
            and o.attnum > 0 and not o.attisdropped) a on true
    where c.oid = relation and t.stream = of_stream), 'the column is gone'), '')
$$;

-- An expression of type `old` as one of type `wanted`, which takes all its values. Instants are
-- written as APIs write them.
create or replace function pagetide.cast_sql(expression text, old text, wanted text)
returns text
language sql immutable
as $$
    select case
        when wanted = 'jsonb' and old in ('boolean', 'bigint', 'numeric',
            'timestamp with time zone', 'date', 'uuid') then format('to_jsonb(%s)', expression)
        when wanted = 'text' and old = 'timestamp with time zone'
            then format('pagetide.rfc3339(%s)', expression)
        else format('%s::%s', expression, wanted)
    end
$$;

-- What a value in _pt_aside is as text: a JSON string without its quotes, anything else as it
-- was sent. Null where PostgreSQL has no such text (\u0000).
create or replace function pagetide.aside_text(value text) returns text
language plpgsql immutable
set search_path = pagetide, pg_temp
as $$
begin
    return case when value like '"%' then value::jsonb #>> '{}' else value end;
exception when others then
    return null;
end
$$;

-- Whether PostgreSQL would read a text as a time that it does not say: a word that changes with the
-- day, or "GMT+0100", to it a zone of POSIX, a hundred hours west. None at all is right either way,
-- "Etc/GMT+1" means it, and "15-Jul-2024" has no zone.
create or replace function pagetide.is_other_time(value text) returns boolean
language sql immutable
as $$
    select value ~* '(?<![a-z])(now|today|tomorrow|yesterday)'
        or value ~* ('(?<![/a-z])(?!(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[+-])'
            '[a-z]+[+-](?=[0-9])[0:]*[1-9]')
$$;

-- Whether a text can be read as this type (a bare one, as format_type writes it). Words such as
-- `now` and `NaN` do not count: what was sent must say it all.
create or replace function pagetide.is_readable(value text, type text) returns boolean
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    if value is null or value !~ '[0-9]' and type ~ '^(date|time|bigint|integer|smallint|numeric'
            '|real|double)' or type ~ '^(date|time)' and is_other_time(value) then
        return false;
    end if;
    execute format('select $1::%s', type) using value;
    return true;
exception when others then
    return false;
end
$$;

-- Puts back what is in _pt_aside and fits the column now. Returns how many values.
create or replace function pagetide.refill_column(relation regclass, name text)
returns bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    type text := (select format_type(a.atttypid, -1) from pg_attribute a
        where a.attrelid = relation and a.attname = name);
    value text := format(case when type in ('json', 'jsonb') then '_pt_aside ->> %L'
        else 'pagetide.aside_text(_pt_aside ->> %L)' end, name);
    refilled bigint;
begin
    execute format('update %s set %I = (%s)::%s, _pt_aside = nullif(_pt_aside - %L, ''{}'') '
        'where _pt_aside ? %L and pagetide.is_readable(%s, %L)', relation, name, value, type,
        name, name, value, type);
    get diagnostics refilled = row_count;
    return refilled;
end
$$;

-- The column takes a type that takes what it has and what is wanted, and the values that did not
-- fit come back. Nothing happens where that is refused, or where somebody reads the table for
-- long: the values go aside, and the next that does not fit asks again.
create or replace function pagetide.widen_column(plan jsonb, of_field text, wanted text)
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    relation regclass := format('%I.%I', plan ->> 'schema', plan ->> 'table')::regclass;
    known field;
    wider text;
begin
    select * into known from field f where f.stream = plan ->> 'stream' and f.field = of_field;
    wider := wider_type(known.type, wanted);
    if not found or wider = known.type
        or widen_refusal(plan ->> 'stream', relation, known.column_name) is not null then
        return;
    end if;
    perform set_config('lock_timeout', '2s', true);
    execute format('alter table %s alter column %I type %s using %s', relation,
        known.column_name, wider, cast_sql(format('%I', known.column_name), known.type, wider));
    perform set_config('lock_timeout', '5s', true);
    update field f set type = wider where f.stream = known.stream and f.field = of_field;
    perform refill_column(relation, known.column_name);
exception when lock_not_available or feature_not_supported or dependent_objects_still_exist
    or insufficient_privilege or invalid_table_definition then
    perform set_config('lock_timeout', '5s', true);
end
$$;
