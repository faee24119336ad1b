-- The column map: which field of a stream goes to which column. It is decided only here, in
-- transactions of their own under one advisory lock per table, so that a process that loads
-- rows never changes a table, and two that meet a new field agree on its column.
-- Needs the tables target and field, widen_column, widen_refusal (widen), dress_table, is_dressed
-- (indexes), run_legs (legs), table_size, create_partitioned, check_partitioned, partition_misfit,
-- partition_table (table_partitions), owner_stream, owner_spec (tables).

-- The map now: the registry joined with the catalogue. Always at least one row; a row without a
-- field only says whether the table is there. `may_widen`: a value that does not fit may ask for
-- another type. `is_blank`: the table is there, but the first records are still to decide its
-- columns, as if it were not. `is_dressed`: it has the indexes and comments of the run's definition.
create or replace function pagetide.columns(of_stream text, of_schema text, of_table text,
    for_run bigint)
returns table (field text, column_name text, type text, has_table boolean, may_widen boolean,
    is_blank boolean, is_dressed boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query with target as materialized (
        select to_regclass(format('%I.%I', t.schema_name, t.table_name)) as relation, t.is_blank,
            pagetide.is_dressed(t, for_run) as is_dressed,
            pagetide.table_size(to_regclass(format('%I.%I', t.schema_name, t.table_name))) as size
        from pagetide.target t
        where t.schema_name = of_schema and t.table_name = of_table and t.stream = of_stream)
    select m.field, m.column_name, m.type, t.relation is not null and not t.is_blank,
        m.field is not null and not m.declared and pagetide.widen_refusal(of_stream, t.relation,
            m.column_name, t.size) is null,
        t.relation is not null and t.is_blank, coalesce(t.is_dressed, true)
    from (values (1)) as one
    left join target t on true
    left join lateral (
        select f.field, f.column_name, format_type(a.atttypid, a.atttypmod) as type, f.position,
            f.declared
        from pagetide.field f
        join pg_attribute a on a.attrelid = t.relation and a.attname = f.column_name
            and a.attnum > 0 and not a.attisdropped
        where f.stream = of_stream) m on true
    order by m.position;
end
$$;

-- PostgreSQL itself judges a declared type; this only makes sure that the text is a type and nothing
-- else: no default, no constraint, no second column. Also in C, where `check` reads the definition:
-- if you change this, change columns_is_type (config/columns.c) and tests/tables/rules/types.txt.
create or replace function pagetide.is_type_text(type text) returns boolean
language sql immutable
as $$
    select octet_length(type) < 200 and type ~* ('^(double +precision'
        '|(national +)?(character|char)( +varying)?|bit +varying'
        '|interval +(year|month|day|hour|minute|second)( +to +(month|hour|minute|second))?'
        '|([a-z_][a-z0-9_]*|"[a-z0-9_ .]+")([.]([a-z_][a-z0-9_]*|"[a-z0-9_ .]+"))?)'
        '( *[(][a-z0-9_ ,.-]+[)])?( +(with|without) +time +zone)?( +array)?( *[[][0-9]*[]])*$')
        and lower(type) not in ('serial', 'serial4', 'bigserial', 'serial8', 'smallserial',
            'serial2')
$$;

-- A run writes one table. Where another one took its name meanwhile, by a rename or a swap, the rows of
-- the run would be in two, and nobody would say so. One that was made anew is a new beginning
-- (create_table).
create or replace function pagetide.hold_table(of_schema text, of_table text, written regclass,
    of_run bigint) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    held target;
begin
    select * into held from target t where t.schema_name = of_schema and t.table_name = of_table;
    if of_run is null then
        return; -- a person changes its columns
    elsif held.held_by is distinct from of_run then
        update target t set held_table = written, held_by = of_run
        where t.schema_name = of_schema and t.table_name = of_table;
    elsif held.held_table <> written then
        raise exception 'table % is another one than run % has begun to write, which was renamed or dropped: what '
            'the run has stored is there, and not here. Give it its name back, or run again: the next run '
            'begins where the last one that succeeded has ended', written, of_run using errcode = '42P01';
    end if;
end
$$;

-- Takes the stream's table: makes it, or refuses a table that is not the stream's. Codes PT02x:
-- the definition must change. A run without records takes it `blank`; the first records end that.
-- True: it was there.
create or replace function pagetide.take_table(plan jsonb) returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    name text := format('%I.%I', plan ->> 'schema', plan ->> 'table');
    relation regclass := to_regclass(name);
    blank boolean := coalesce((plan ->> 'blank')::boolean, false);
    owner target;
begin
    select * into owner from target t
    where t.schema_name = plan ->> 'schema' and t.table_name = plan ->> 'table';
    if owner.stream <> plan ->> 'stream' then
        raise exception 'table % belongs to stream %', name, owner.stream using errcode = 'PT021';
    end if;
    if relation is null then
        perform check_not_lost(plan, owner.stream is not null);
        perform create_table(plan);
        return false;
    end if;
    if not exists (select from pg_class c where c.oid = relation and c.relkind in ('r', 'p')) then
        raise exception '% is not a table', name using errcode = 'PT022';
    end if;
    if owner.stream is null then
        if not coalesce((plan ->> 'adopt')::boolean, false) then
            raise exception 'table % was not made by pagetide; `adopt: true` uses it', name
                using errcode = 'PT020';
        end if;
        insert into target (schema_name, table_name, stream, is_blank)
        values (plan ->> 'schema', plan ->> 'table', plan ->> 'stream', blank);
    elsif owner.is_blank and not blank then
        update target t set is_blank = false
        where t.schema_name = owner.schema_name and t.table_name = owner.table_name;
    end if;
    return true;
end
$$;

-- DDL that holds a type as the user wrote it. `citext` must be the extension's in `public`, and `job`
-- must not be the row type of our table. Nothing else may be looked up by this path: a function or
-- an operator in `public` may be anybody's, and would run with our rights.
create or replace function pagetide.run_ddl(statement text) returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    execute statement;
end
$$;

-- Added after the columns of the first page; an adopted table gets them too.
create or replace function pagetide.add_own_columns(name text) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    statement constant text := format('alter table %s add column if not exists _pt_run bigint, '
        'add column if not exists _pt_at timestamptz, add column if not exists _pt_hash bigint, '
        'add column if not exists _pt_aside jsonb', name);
begin
    if (select count(*) = 4 from pg_attribute a where a.attrelid = name::regclass
        and a.attname in ('_pt_run', '_pt_at', '_pt_hash', '_pt_aside')) then
        return;
    end if;
    execute statement;
exception when insufficient_privilege then
    raise exception '%: its owner has to add the columns of each table: %', sqlerrm, statement
        using errcode = '42501';
end
$$;

-- `create schema if not exists` fails where another transaction makes the same one.
create or replace function pagetide.create_schema(name text) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    if to_regnamespace(quote_ident(name)) is null then
        perform pg_advisory_xact_lock(hashtextextended('pagetide schema ' || name, 0));
        execute format('create schema if not exists %I', name);
    end if;
end
$$;

-- A table that is made begins without a past: what was decided for an earlier one is forgotten.
create or replace function pagetide.create_table(plan jsonb) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    name text := format('%I.%I', plan ->> 'schema', plan ->> 'table');
begin
    delete from field f where f.stream = plan ->> 'stream';
    perform pagetide.create_schema(plan ->> 'schema');
    if plan ? 'partition' then
        perform create_partitioned(plan);
    else
        execute format('create table %s ()', name);
    end if;
    insert into pagetide.target (schema_name, table_name, stream, created_run, is_blank)
    values (plan ->> 'schema', plan ->> 'table', plan ->> 'stream', (plan ->> 'run')::bigint,
        coalesce((plan ->> 'blank')::boolean, false))
    on conflict (schema_name, table_name) do update set created_run = excluded.created_run,
        is_blank = excluded.is_blank, held_by = null;
end
$$;

-- A run that began from a bookmark, or has stored pages, cannot make its table anew: what was
-- before would be missing.
create or replace function pagetide.check_not_lost(plan jsonb, was_there boolean) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    if was_there and exists (select from run_legs((plan ->> 'run')::bigint) l
        join job j on j.id = l.job where l.bookmark is not null or j.page > 0) then
        raise exception 'table %.% is gone: it was dropped after run % had begun; the next run makes '
            'it anew and reads everything', plan ->> 'schema', plan ->> 'table', plan ->> 'run'
            using errcode = 'PT022';
    end if;
end
$$;

-- The owner's mapping goes where its table is not there. Returns what the run must say.
create or replace function pagetide.forget_lost_fields(of_owner text, spec jsonb) returns text
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    fields bigint;
begin
    if spec ->> 'table' is null or spec ->> 'schema' is null
        or to_regclass(format('%I.%I', spec ->> 'schema', spec ->> 'table')) is not null then
        return null;
    end if;
    delete from target t where t.stream = of_owner and t.schema_name = spec ->> 'schema'
        and t.table_name = spec ->> 'table';
    delete from field f where f.stream = of_owner;
    get diagnostics fields = row_count;
    return format('table %s.%s is not there: it is made anew%s', spec ->> 'schema', spec ->> 'table',
        case when fields > 0 then ', with columns decided anew' else '' end);
end
$$;

-- A bookmark and a mapping never outlive the table that they describe: where one of the stream's is
-- not there, a new run decides its columns anew and begins without the bookmarks that runs have left.
-- Returns what the run must say.
create or replace function pagetide.forget_lost_table(of_stream text, spec jsonb) returns text[]
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    words text[] := array(select w from (select forget_lost_fields(t.owner, t.table_spec)
        from spec_tables(of_stream, spec) t) l (w) where w is not null);
    bookmarks bigint;
begin
    if words = '{}' then
        return '{}';
    end if;
    delete from bookmark k where k.stream = of_stream and k.run is not null;
    get diagnostics bookmarks = row_count;
    return array(select w || case when bookmarks > 0 then '; the bookmark is forgotten, and everything '
            'is read again'
        when exists (select from bookmark k where k.stream = of_stream)
        then '; the bookmark stays, because it was set by hand' else '' end
        from unnest(words) w where bookmarks > 0 or w like '%decided anew');
end
$$;

-- The longest beginning of at most so many bytes that ends between two characters.
create or replace function pagetide.cut_bytes(name text, most int) returns text
language sql immutable
as $$
    select case when octet_length(name) <= most then name
        else (select coalesce(max(left(name, n)), '') from generate_series(0, most) n
            where octet_length(left(name, n)) <= most) end
$$;

-- `wanted`, or `wanted_2` … where another field or a column that is not ours has the name. Names
-- have at most 63 bytes; a longer one is cut, at a character, to leave room for the number. Also in
-- C, for preview: if you change this or wider_type, change column_map_dry.c (worker/load) and
-- tests/tables/rules/columns.txt.
create or replace function pagetide.free_name(of_stream text, relation regclass, wanted text)
returns text
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    name text := cut_bytes(wanted, 63);
    suffix text;
    n int := 1;
begin
    while exists (select from field f where f.stream = of_stream and f.column_name = name)
        or exists (select from pg_attribute a where a.attrelid = relation and a.attname = name)
    loop
        n := n + 1;
        suffix := '_' || n;
        name := cut_bytes(wanted, 63 - length(suffix)) || suffix;
    end loop;
    return name;
end
$$;

-- In a table that was adopted, a column of the wanted name is the field's.
create or replace function pagetide.adopted_column(plan jsonb, relation regclass, wanted text)
returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format_type(a.atttypid, a.atttypmod)
    from pg_attribute a
    join target t on t.schema_name = plan ->> 'schema' and t.table_name = plan ->> 'table'
        and t.created_run is null
    where a.attrelid = relation and a.attname = wanted and a.attnum > 0
        and not a.attisdropped and wanted not like '\_pt\_%'
        and not exists (select from field f
            where f.stream = plan ->> 'stream' and f.column_name = wanted)
$$;

-- Gives a field its column, and returns what add_columns does for it, or null: the table has it. A
-- field that has one keeps it: another process may have come first.
create or replace function pagetide.take_column(plan jsonb, of_field text, wanted text,
    wanted_type text, is_declared boolean) returns text
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    relation regclass := format('%I.%I', plan ->> 'schema', plan ->> 'table')::regclass;
    found_type text;
    name text := wanted;
begin
    if exists (select from pagetide.field f
        where f.stream = plan ->> 'stream' and f.field = of_field) then
        return null;
    end if;
    if not pagetide.is_type_text(wanted_type) then
        raise exception 'column %: "%" is not a type', wanted, wanted_type
            using errcode = 'PT022';
    end if;
    found_type := pagetide.adopted_column(plan, relation, wanted);
    if found_type is null then
        name := pagetide.free_name(plan ->> 'stream', relation, wanted);
    end if;
    insert into pagetide.field (stream, field, column_name, type, declared, first_run, first_seen)
    values (plan ->> 'stream', of_field, name, coalesce(found_type, wanted_type), is_declared,
        (plan ->> 'run')::bigint, clock());
    return case when found_type is null then format('add column %I %s', name, wanted_type) end;
end
$$;

-- Each statement costs the table a version of its description: all columns are added by one.
create or replace function pagetide.add_columns(plan jsonb, taken text[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    additions text := array_to_string(taken, ', ');
begin
    if additions <> '' then
        perform run_ddl(format('alter table %I.%I %s', plan ->> 'schema', plan ->> 'table',
            additions));
    end if;
end
$$;

-- The type that a text names, without its modifiers; null where there is none. A text that passes
-- is_type_text has no way out of the grammar of types.
create or replace function pagetide.type_oid(type text) returns oid
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select pg_catalog.to_regtype(type)::pg_catalog.oid
$$;

-- What stands in the parentheses of a type, as format_type writes it: numeric(12) is (12,0), and
-- a lone char has one character.
create or replace function pagetide.type_modifiers(type text, oid oid) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when t.typmodin = 0 then ''
        when t.typname ~ '^_?numeric$' and m.written ~ '^[0-9]+$' then m.written || ',0'
        when t.typname ~ '^_?(bpchar|bit)$' and m.written = '' then '1'
        else m.written end
    from pg_type t, coalesce(replace(substring(type from '[(]([^)]*)[)]'), ' ', ''), '') m (written)
    where t.oid = type_modifiers.oid
$$;

-- Whether a column has just this type, however it is written (int8, bigint).
create or replace function pagetide.is_same_type(has oid, modifier int, type text)
returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce(has = type_oid(type)
        and type_modifiers(format_type(has, modifier), has) = type_modifiers(type, has), false)
$$;

-- Declared columns that the table has with another type, one line each, with what mends it. In
-- a table that was adopted the table decides. And that it is not partitioned as it should be.
create or replace function pagetide.declared_misfits(plan jsonb) returns setof text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('column %s of %s.%s is %s, the definition says %s: `pagetide columns %s --type '
            '%s` changes it', f.column_name, t.schema_name, t.table_name,
            format_type(a.atttypid, a.atttypmod), d.type, t.stream,
            case when f.column_name || '=' || d.type ~ '^[a-z0-9_=]+$'
                then f.column_name || '=' || d.type
                else quote_literal(f.column_name || '=' || d.type) end)
    from jsonb_to_recordset(plan -> 'declared') as d (name text, type text)
    join target t on t.stream = plan ->> 'stream' and t.schema_name = plan ->> 'schema'
        and t.table_name = plan ->> 'table' and t.created_run is not null
    join field f on f.stream = t.stream and f.field = d.name
    join pg_attribute a on a.attrelid = to_regclass(format('%I.%I', t.schema_name, t.table_name))
        and a.attname = f.column_name and a.attnum > 0 and not a.attisdropped
    where format_type(a.atttypid, a.atttypmod) <> d.type and is_type_text(d.type)
        and not is_same_type(a.atttypid, a.atttypmod, d.type)
    union all
    select partition_misfit(plan)
$$;

-- Refuses a definition whose declared types the table has not.
create or replace function pagetide.check_declared(plan jsonb) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    misfits text := (select string_agg(m, E'\n') from declared_misfits(plan) m);
begin
    if misfits is not null then
        raise exception '%', misfits using errcode = 'PT022';
    end if;
end
$$;

-- Fields of a key whose column the table has no more, as a text; null: it has all of them.
create or replace function pagetide.lost_keys(of_owner text, fields jsonb, relation regclass)
returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select string_agg(f.column_name, ', ' order by f.position) from field f
    where f.stream = of_owner and fields ? f.field and not exists (select from pg_attribute a
        where a.attrelid = relation and a.attname = f.column_name and a.attnum > 0
            and not a.attisdropped)
$$;

-- Why a table cannot be written by a key whose columns it has no more; null where it has them. Rows
-- of other records would be taken for a record's own.
create or replace function pagetide.key_failure(of_owner text, fields jsonb, relation regclass)
returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('column %s of %s is gone, which the key needs: it was dropped or renamed. Rename or '
        'add it again, or let `pagetide reset %s --drop-table --yes` make the table anew',
        l.lost, relation, owner_stream(of_owner))
    from lost_keys(of_owner, fields, relation) l (lost) where l.lost is not null
$$;

-- Refuses a table that has lost columns by which its rows are told apart.
create or replace function pagetide.check_keys(plan jsonb) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    failure text := key_failure(plan ->> 'stream', coalesce(plan -> 'parent_key', '[]')
        || case when (plan ->> 'upsert')::boolean or (plan ->> 'history')::boolean
            then plan -> 'key' else '[]' end,
        format('%I.%I', plan ->> 'schema', plan ->> 'table')::regclass);
begin
    if failure is not null then
        raise exception '%', failure using errcode = 'PT022';
    end if;
end
$$;

-- How many more columns the stream may have.
create or replace function pagetide.column_room(plan jsonb) returns bigint
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce((plan ->> 'max_columns')::bigint, 500) - count(*)
    from field f where f.stream = plan ->> 'stream'
$$;

-- Whether an index has just these columns (ascending), all rows, and no expressions.
create or replace function pagetide.is_index_of(i pg_index, numbers smallint[]) returns boolean
language sql immutable
as $$
    select i.indpred is null and i.indexprs is null
        and (select array_agg(c order by c) from unnest(i.indkey[0:i.indnkeyatts - 1]) c) = numbers
$$;

-- The indexes that we made for a key. A comment says which index is ours, for a user's index may have
-- a name like it, and so may that of another table whose name begins alike.
create or replace function pagetide.own_key_indexes(relation regclass) returns setof regclass
language sql stable
set search_path = pagetide, pg_temp
as $$
    select i.indexrelid::regclass from pg_index i
    where i.indrelid = relation and obj_description(i.indexrelid, 'pg_class') = 'key of pagetide'
$$;

-- The index of a key that the definition has no more would refuse records.
create or replace function pagetide.drop_key_index(relation regclass) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    old regclass;
begin
    for old in select * from own_key_indexes(relation) loop
        execute format('drop index %s', old);
    end loop;
end
$$;

-- The key has changed, and with it its index.
create or replace function pagetide.replace_key_index(plan jsonb, relation regclass, names text[],
    condition text default '') returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    apart name := (select a.attname from pg_partitioned_table p join pg_attribute a on a.attrelid = relation
        and a.attnum = any (p.partattrs) where p.partrelid = relation and a.attname <> all (names) limit 1);
    own name := cut_bytes(plan ->> 'table', 55) || '_pt_key';
    n int := 1;
begin
    if apart is not null then
        raise exception 'table %.% is partitioned by %, which the key (%) does not contain: PostgreSQL knows no '
            'key without it that is unique in all partitions', plan ->> 'schema', plan ->> 'table', apart,
            array_to_string(names, ', ') using errcode = 'PT022';
    end if;
    perform check_keyless(plan, relation, names);
    perform drop_key_index(relation);
    while to_regclass(format('%I.%I', plan ->> 'schema', own)) is not null loop
        n := n + 1;
        own := cut_bytes(plan ->> 'table', 55 - length(n::text)) || '_pt_key' || n;
    end loop;
    execute format('create unique index %I on %s (%s)%s', own, relation,
        (select string_agg(quote_ident(c), ', ') from unnest(names) c), condition);
    execute format('comment on index %I.%I is %L', plan ->> 'schema', own, 'key of pagetide');
end
$$;

-- Rows that were stored before there was a key have nothing in any of its columns: no record would ever
-- meet its own. A replace deletes them.
create or replace function pagetide.check_keyless(plan jsonb, relation regclass, names text[])
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    lacking text := (select string_agg(format('%I is null', n), ' and ') from unnest(names) n);
    keyless boolean;
begin
    if exists (select from run r join definition d on d.stream = r.stream and d.version = r.version
        where r.id = (plan ->> 'run')::bigint
            and owner_spec(plan ->> 'stream', d.spec) ->> 'write' = 'replace') then
        return;
    end if;
    execute format('select exists (select from %s where _pt_run is not null and %s)', relation, lacking)
        into keyless;
    if keyless then
        raise exception 'table % has rows without the key (%), of runs before there was one: their records '
            'would come a second time; `delete from % where %` takes them out, `pagetide reset % '
            '--drop-table` reads everything again', relation::text, array_to_string(names, ', '),
            relation::text, lacking, owner_stream(plan ->> 'stream') using errcode = 'PT022';
    end if;
end
$$;

-- A table that was a history cannot have one row for each key while it has versions that ended.
create or replace function pagetide.check_versions(relation regclass) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    has_ended boolean := exists (select from pg_attribute a where a.attrelid = relation
        and a.attname = '_pt_current' and a.atttypid = 'boolean'::regtype and not a.attisdropped);
begin
    if has_ended then
        execute format('select exists (select from %s where not _pt_current)', relation)
            into has_ended;
    end if;
    if has_ended then
        raise exception 'table % has versions that have ended, of `write: history`, and is to have one '
            'row for each key: `delete from % where not _pt_current` takes them out, or name another '
            'table', relation::text, relation::text using errcode = 'PT022';
    end if;
end
$$;

-- Upsert needs a unique index on the key's columns; they may all come later than the table.
create or replace function pagetide.index_key(plan jsonb) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    relation regclass := format('%I.%I', plan ->> 'schema', plan ->> 'table')::regclass;
    names text[];
    numbers smallint[];
    deferred name;
begin
    select array_agg(f.column_name order by k.at), array_agg(a.attnum order by a.attnum)
    into names, numbers
    from jsonb_array_elements_text(plan -> 'key') with ordinality as k (field, at)
    join field f on f.stream = plan ->> 'stream' and f.field = k.field
    join pg_attribute a on a.attrelid = relation and a.attname = f.column_name
        and not a.attisdropped;
    if cardinality(names) is distinct from nullif(jsonb_array_length(plan -> 'key'), 0) then
        return;
    end if;
    -- PostgreSQL refuses every upsert where one of the fitting indexes is checked at the end.
    select c.relname into deferred from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = relation and i.indisunique and not i.indimmediate
        and is_index_of(i, numbers) limit 1;
    if found then
        raise exception 'table %.%: the unique constraint % is deferrable, so no upsert can use its '
            'columns as the key; make it not deferrable', plan ->> 'schema', plan ->> 'table',
            deferred using errcode = 'PT022';
    end if;
    if names is null or exists (select from pg_index i
        where i.indrelid = relation and i.indisunique and i.indisvalid
            and is_index_of(i, numbers)) then
        return;
    end if;
    perform check_versions(relation);
    perform replace_key_index(plan, relation, names);
end
$$;

-- plan: {stream, run, schema, table, adopt, upsert, soft, history, key: [field or declared name], parent_key: [field],
-- partition: {range, type, every, ahead, max}, declared: [{name, type}], fields: [{field, column, type, widen}], max_columns, blank}.
-- Makes the table where it is missing, adds what it lacks, and gives the new map.
create or replace function pagetide.extend_table(plan jsonb)
returns table (field text, column_name text, type text, has_table boolean, may_widen boolean,
    is_blank boolean, is_dressed boolean)
language plpgsql
set search_path = pagetide, pg_temp
set lock_timeout = '5s'
as $$
declare
    item record;
    taken text[] := '{}';
    was_there boolean;
begin
    perform pg_advisory_xact_lock(hashtextextended(
        format('pagetide %I.%I', plan ->> 'schema', plan ->> 'table'), 0));
    was_there := take_table(plan);
    perform hold_table(plan ->> 'schema', plan ->> 'table', format('%I.%I', plan ->> 'schema',
        plan ->> 'table')::regclass, (plan ->> 'run')::bigint);
    if was_there then
        perform check_partitioned(plan);
        perform check_keys(plan);
    end if;
    for item in select d.name, d.type
        from jsonb_to_recordset(plan -> 'declared') as d (name text, type text)
    loop
        taken := taken || take_column(plan, item.name, item.name, item.type, true);
    end loop;
    perform add_columns(plan, taken);
    if was_there then
        perform check_declared(plan);
    end if;
    taken := '{}';
    for item in select f.* from jsonb_to_recordset(plan -> 'fields')
        as f (field text, "column" text, type text, widen boolean)
    loop
        if item.widen then
            perform widen_column(plan, item.field, item.type);
        elsif column_room(plan) > 0 or plan -> 'key' ? item.field then
            taken := taken || take_column(plan, item.field, item."column", item.type, false);
        end if;
    end loop;
    perform add_columns(plan, taken);
    perform add_own_columns(format('%I.%I', plan ->> 'schema', plan ->> 'table'));
    if (plan ->> 'soft')::boolean then
        execute format('alter table %I.%I add column if not exists _pt_deleted_at timestamptz',
            plan ->> 'schema', plan ->> 'table');
    end if;
    if (plan ->> 'history')::boolean then
        perform add_history(plan);
    end if;
    perform partition_table(plan);
    perform dress_table(plan);
    if (plan ->> 'upsert')::boolean then
        perform index_key(plan);
    elsif not (plan ->> 'upsert')::boolean and not plan ? 'history' then
        perform drop_key_index(format('%I.%I', plan ->> 'schema', plan ->> 'table')::regclass);
    end if;
    return query select * from columns(plan ->> 'stream', plan ->> 'schema', plan ->> 'table',
        (plan ->> 'run')::bigint);
end
$$;
