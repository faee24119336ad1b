-- What a definition wants of a table besides its columns: `indexes`, and comments. Applied where the
-- table is made or extended (extend_table), and at the start of the first run of a definition that
-- says something else.
-- Needs is_end (helpers), owner_spec, is_of (tables), cut_bytes, own_key_indexes (columns), widen_max_bytes (widen),
-- table_size, wants_partitions (table_partitions), the tables target and field.

-- What tells a definition's indexes, comments and partitions from others.
create or replace function pagetide.dress_digest(spec jsonb) returns text
language sql immutable
as $$
    select md5(jsonb_build_array(spec -> 'indexes', spec -> 'comment', spec -> 'path',
        case when spec::text like '%"comment"%' then spec -> 'columns' end)::text
        || coalesce(spec ->> 'partition_by', ''))
$$;

-- Whether the table has our index of a key that the definition has no more, or does not write by.
create or replace function pagetide.has_idle_key(t pagetide.target, spec jsonb) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select (coalesce(spec ->> 'write', 'append') = 'append' or not spec ? 'key')
        and exists (select from own_key_indexes(to_regclass(format('%I.%I', t.schema_name,
            t.table_name))))
$$;

-- Whether the table has what the definition of the run wants. A run that has ended wants nothing.
create or replace function pagetide.is_dressed(t pagetide.target, of_run bigint) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select t.dressed is not distinct from dress_digest(owner_spec(t.stream, d.spec))
        and t.indexes_due = '{}' and not wants_partitions(t, owner_spec(t.stream, d.spec))
        and not has_idle_key(t, owner_spec(t.stream, d.spec))
    from run r join definition d on d.stream = r.stream and d.version = r.version
    where r.id = of_run and not is_end(r.state)
$$;

-- The columns of the table that a list of `indexes` names, by field or by column; null where one of
-- them is not there yet.
create or replace function pagetide.index_columns(of_stream text, relation regclass, names jsonb)
returns text[]
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when count(a.attname) = count(*) then array_agg(a.attname::text order by n.at) end
    from jsonb_array_elements_text(case jsonb_typeof(names) when 'array' then names
        else jsonb_build_array(names) end) with ordinality as n (name, at)
    left join field f on f.stream = of_stream and f.field = n.name
    left join pg_attribute a on a.attrelid = relation and not a.attisdropped and a.attnum > 0
        and a.attname = coalesce(f.column_name, n.name)
$$;

-- In a history unique is said of current versions, as of the key: those before are like them.
create or replace function pagetide.index_of_versions(item jsonb) returns jsonb
language sql immutable
as $$
    select case when (item ->> 'unique')::boolean then item || jsonb_build_object('where',
            coalesce('(' || (item ->> 'where') || ') and ', '') || '_pt_current')
        else item end
$$;

-- An index without its name and table: "unique using btree (a, b) where …".
create or replace function pagetide.index_words(item jsonb, columns text[]) returns text
language sql immutable
as $$
    select format('%susing %s (%s)%s', case when (item ->> 'unique')::boolean then 'unique ' else '' end,
        coalesce(item ->> 'method', 'btree'), (select string_agg(quote_ident(c), ', ' order by at)
            from unnest(columns) with ordinality as u (c, at)),
        case when item ->> 'where' is not null then format(' where (%s)', item ->> 'where') else '' end)
$$;

-- The comment of an index says that it is ours, and which: no other is ever dropped.
create or replace function pagetide.index_mark(words text) returns text
language sql immutable
as $$
    select 'index of pagetide: ' || md5(words)
$$;

-- The statement that makes an index of these words, without and with `concurrently`.
create or replace function pagetide.index_sql(relation regclass, own name, words text,
    how text default '') returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('create %sindex %s%I on %s %s',
        case when words like 'unique %' then 'unique ' else '' end, how, own,
        (select format('%I.%I', n.nspname, c.relname) from pg_class c
            join pg_namespace n on n.oid = c.relnamespace where c.oid = relation),
        regexp_replace(words, '^unique ', ''))
$$;

-- The name of an index: at most 63 bytes, the same for the same table and words.
create or replace function pagetide.index_base(table_name text, words text) returns text
language sql immutable
set search_path = pagetide, pg_temp
as $$
    select cut_bytes(table_name, 46) || '_pt_' || left(md5(table_name || ' ' || words), 8)
$$;

-- The same, where nobody else has it; else with a number.
create or replace function pagetide.index_name(schema_name text, table_name text, words text)
returns name
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    base text := index_base(table_name, words);
    own text := base;
    n int := 1;
begin
    while to_regclass(format('%I.%I', schema_name, own)) is not null loop
        n := n + 1;
        own := base || '_' || n;
    end loop;
    return own;
end
$$;

-- Whether the table has an index like it already, whoever made it. One with a predicate is only
-- known by our mark, or by its name, where somebody has made it as we said.
create or replace function pagetide.has_index(relation regclass, item jsonb, columns text[],
    words text, own text) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (select from pg_index i
        join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
        where i.indrelid = relation and i.indisvalid
            and (obj_description(c.oid, 'pg_class') = pagetide.index_mark(words)
            or c.relname = own and i.indpred is not null
            or item ->> 'where' is null and i.indpred is null and i.indexprs is null
                and i.indisunique = coalesce((item ->> 'unique')::boolean, false)
                and m.amname = coalesce(item ->> 'method', 'btree')
                and i.indnkeyatts = i.indnatts and columns = array(select a.attname::text
                    from unnest(i.indkey) with ordinality as k (n, at)
                    join pg_attribute a on a.attrelid = relation and a.attnum = k.n order by k.at)))
$$;

-- Runs what a definition says of an index. No path but PostgreSQL's own: a function or operator
-- in `where` that is not one of PostgreSQL's must be named with its schema.
create or replace function pagetide.run_index_ddl(statement text, words text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute statement;
exception
    when lock_not_available or query_canceled then
        raise;
    when unique_violation then
        raise exception 'indexes: %: the table has rows that are not unique: %', words, sqlerrm
            using errcode = 'PT022';
    when others then
        raise exception 'indexes: %: %', words, sqlerrm using errcode = 'PT022';
end
$$;

-- A large table is not locked against its writers for an index: that waits in target.indexes_due,
-- and the run says what to do (indexes_words).
create or replace function pagetide.make_index(plan jsonb, relation regclass, words text)
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    own name := index_name(plan ->> 'schema', plan ->> 'table', words);
    mark constant text := index_mark(words);
begin
    if table_size(relation) > widen_max_bytes() then
        update target t set indexes_due = t.indexes_due || words
        where t.schema_name = plan ->> 'schema' and t.table_name = plan ->> 'table';
        return;
    end if;
    perform run_index_ddl(index_sql(relation, own, words), words);
    execute format('comment on index %I.%I is %L', plan ->> 'schema', own, mark);
end
$$;

-- What a run says of the indexes that its table lacks.
create or replace function pagetide.indexes_words(of_stream text) returns setof text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('indexes: %I.%I is large (%s), and its writers would wait for a new index; `%s` makes '
        'it %s', t.schema_name, t.table_name, pg_size_pretty(table_size(c.oid)),
        index_sql(c.oid, index_base(t.table_name, w), w, case when c.relkind <> 'p' then 'concurrently '
            else '' end), case when c.relkind <> 'p' then 'beside them' else 'when they may' end)
    from target t cross join unnest(t.indexes_due) w
    join pg_class c on c.oid = to_regclass(format('%I.%I', t.schema_name, t.table_name))
    where is_of(t.stream, of_stream)
$$;

-- Makes what is missing, and drops those of ours that the definition does not name any more. What
-- names a column that is not there yet comes with that column.
create or replace function pagetide.make_indexes(plan jsonb, relation regclass, list jsonb)
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    item jsonb;
    columns text[];
    words text;
    wanted text[] := '{}';
    old name;
begin
    update target t set indexes_due = '{}'
    where t.schema_name = plan ->> 'schema' and t.table_name = plan ->> 'table'
        and t.indexes_due <> '{}';
    for item in select i from jsonb_array_elements(coalesce(list, '[]')) i loop
        columns := index_columns(plan ->> 'stream', relation, item -> 'columns');
        continue when columns is null;
        if (plan ->> 'history')::boolean then
            item := index_of_versions(item);
        end if;
        words := index_words(item, columns);
        wanted := wanted || words;
        if not has_index(relation, item, columns, words, index_base(plan ->> 'table', words)) then
            perform make_index(plan, relation, words);
        end if;
    end loop;
    for old in select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
        where i.indrelid = relation and obj_description(c.oid, 'pg_class') like 'index of pagetide: %'
            and obj_description(c.oid, 'pg_class')
                <> all (array(select index_mark(w) from unnest(wanted) w))
    loop
        execute format('drop index %I.%I', plan ->> 'schema', old);
    end loop;
end
$$;

-- What is to stand at the table (null) and at each of its columns that has a field. Where the
-- definition says nothing: where it comes from, unless the table was there before us.
create or replace function pagetide.wanted_comments(plan jsonb, spec jsonb)
returns table (column_name text, words text)
language sql stable
set search_path = pagetide, pg_temp
as $$
    with own as (select t.created_run is not null as is_ours from target t
            where t.schema_name = plan ->> 'schema' and t.table_name = plan ->> 'table'),
        declared as (select c.value ->> 0 as name, c.value -> 1 ->> 'comment' as comment,
                c.value -> 1 ->> 'path' as path
            from jsonb_array_elements(case jsonb_typeof(spec -> 'columns') when 'array'
                then spec -> 'columns' else '[]' end) c)
    select null, coalesce(spec ->> 'comment', case when o.is_ours then concat_ws(' ', 'from',
        plan ->> 'stream', nullif(spec ->> 'path', '')) end) from own o
    union all
    select f.column_name, coalesce(d.comment, case when o.is_ours then format('%s of %s',
        coalesce(d.path, case when f.field = 'record' and spec ->> 'columns' = 'none'
            then 'the whole record' else f.field end), plan ->> 'stream') end)
    from own o, field f left join declared d on d.name = f.field
    where f.stream = plan ->> 'stream'
$$;

-- Writes the comments that differ. What we did not write stays: also where somebody has taken a
-- comment of ours away. False where somebody holds the table: another time.
create or replace function pagetide.write_comments(plan jsonb, relation regclass, spec jsonb)
returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    c record;
    place text;
begin
    perform set_config('lock_timeout', '1s', true);
    for c in
        select w.column_name, w.words, a.attnum
        from wanted_comments(plan, spec) w
        left join field f on f.stream = plan ->> 'stream' and f.column_name = w.column_name
        join target t on t.schema_name = plan ->> 'schema' and t.table_name = plan ->> 'table'
        left join pg_attribute a on a.attrelid = relation and a.attname = w.column_name
            and not a.attisdropped
        cross join lateral (select case when w.column_name is null then t.comment else f.comment end
            as written, case when w.column_name is null then obj_description(relation, 'pg_class')
                else col_description(relation, a.attnum) end as there) o
        where (w.column_name is null or a.attnum is not null)
            and o.there is not distinct from o.written and w.words is distinct from o.written
    loop
        place := case when c.column_name is null then format('table %s', relation)
            else format('column %s.%I', relation, c.column_name) end;
        execute format('comment on %s is %L', place, c.words);
        if c.column_name is null then
            update target t set comment = c.words
            where t.schema_name = plan ->> 'schema' and t.table_name = plan ->> 'table';
        else
            update field f set comment = c.words
            where f.stream = plan ->> 'stream' and f.column_name = c.column_name;
        end if;
    end loop;
    perform set_config('lock_timeout', '5s', true);
    return true;
exception when lock_not_available or insufficient_privilege then
    perform set_config('lock_timeout', '5s', true);
    return false;
end
$$;

-- Called by extend_table for the definition of a run under way.
create or replace function pagetide.dress_table(plan jsonb) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    relation regclass := format('%I.%I', plan ->> 'schema', plan ->> 'table')::regclass;
    spec jsonb := (select owner_spec(plan ->> 'stream', d.spec) from run r
        join definition d on d.stream = r.stream and d.version = r.version
        where r.id = (plan ->> 'run')::bigint and not is_end(r.state));
begin
    if spec is null then
        return;
    end if;
    perform make_indexes(plan, relation, spec -> 'indexes');
    if write_comments(plan, relation, spec) then
        update target t set dressed = dress_digest(spec)
        where t.schema_name = plan ->> 'schema' and t.table_name = plan ->> 'table'
            and t.dressed is distinct from dress_digest(spec);
    end if;
end
$$;
