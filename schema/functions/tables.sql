-- `tables` of a definition: further tables of a stream, filled from the same answers in the same
-- transactions. Whom a table belongs to, its owner, is `shop.orders`, or `shop.orders/items` for one
-- of the stream's `tables`; targets and fields are kept by that name. A run, its jobs and its pages
-- are the stream's.
-- Needs add_counts (misfits), merge_columns, merge_rows, remove_unfinished (merge).

-- Whether a table of this owner is one of the stream's.
create or replace function pagetide.is_of(owner text, of_stream text) returns boolean
language sql immutable
as $$
    select owner = of_stream or starts_with(owner, of_stream || '/')
$$;

-- The stream of an owner.
create or replace function pagetide.owner_stream(owner text) returns text
language sql immutable
as $$
    select split_part(owner, '/', 1)
$$;

-- A text, or a list of texts, as a list; null where there is none.
create or replace function pagetide.as_list(names jsonb) returns jsonb
language sql immutable
as $$
    select case when jsonb_typeof(names) = 'array' then names
        when names is not null then jsonb_build_array(names) end
$$;

-- The indexes of a table with `parent_key`: what says which rows a parent has is looked up for each
-- parent, unless the key begins with it.
create or replace function pagetide.parent_indexes(spec jsonb) returns jsonb
language sql immutable
set search_path = pagetide, pg_temp
as $$
    select coalesce(as_list(spec -> 'indexes'), '[]') || case
        when spec ->> 'write' = 'upsert' and (select jsonb_agg(k.value order by k.at)
                from jsonb_array_elements(as_list(spec -> 'key')) with ordinality as k (value, at)
                where k.at <= jsonb_array_length(as_list(spec -> 'parent_key')))
            = as_list(spec -> 'parent_key') then '[]'
        else jsonb_build_array(jsonb_build_object('columns', spec -> 'parent_key')) end
$$;

-- How many rows is said of what has few: with the thousand that PostgreSQL expects, a query that joins
-- some of them would be compiled (jit), which takes longer than all of its rows.
--
-- The tables that a definition fills, by owner, each with the keys that are its own and what it has
-- of the stream. `table: none`: the stream has none of its own.
create or replace function pagetide.spec_tables(of_stream text, spec jsonb)
returns table (owner text, table_spec jsonb)
language plpgsql immutable rows 2
set search_path = pagetide, pg_temp
as $$
begin
    if spec ->> 'table' is distinct from 'none' then
        return query select of_stream, spec;
    end if;
    if jsonb_typeof(spec -> 'tables') = 'array' then
        return query select of_stream || '/' || (t.item ->> 0), t.item -> 1
                || jsonb_build_object('schema', spec -> 'schema', 'table', t.item -> 0,
                    'path', spec -> 'path')
                || case when t.item -> 1 ? 'parent_key'
                    then jsonb_build_object('indexes', parent_indexes(t.item -> 1)) else '{}' end
            from jsonb_array_elements(spec -> 'tables') as t (item);
    end if;
end
$$;

-- Is one of its tables not there?
create or replace function pagetide.lacks_table(of_stream text, spec jsonb) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from spec_tables(of_stream, spec) t
        cross join lateral (select quote_ident(t.table_spec ->> 'schema') || '.'
            || quote_ident(t.table_spec ->> 'table')) as n (name)
        where n.name is not null and to_regclass(n.name) is null)
$$;

-- What a definition says of the owner's table; null where it has none.
create or replace function pagetide.owner_spec(of_owner text, spec jsonb) returns jsonb
language sql immutable
set search_path = pagetide, pg_temp
as $$
    select case when strpos(of_owner, '/') = 0 then spec else (select t.table_spec
        from spec_tables(owner_stream(of_owner), spec) t where t.owner = of_owner) end
$$;

-- The owners whose table has records twice where a run brings them again.
create or replace function pagetide.appending(of_stream text, spec jsonb) returns setof text
language plpgsql immutable rows 2
set search_path = pagetide, pg_temp
as $$
begin
    return query select t.owner from spec_tables(of_stream, spec) t
        where coalesce(t.table_spec ->> 'write', 'append') = 'append'
            and not coalesce((t.table_spec ->> 'again')::boolean, false)
            and not t.table_spec ? 'parent_key';
end
$$;

-- Whether a run has stored a record, in its stream's own table or another one.
create or replace function pagetide.has_brought(of_run bigint) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from job j where j.run = of_run
        and (j.records > j.rejects or j.tables <> '{}'))
$$;

-- The sum of {name: count}.
create or replace function pagetide.sum_counts(counts jsonb) returns bigint
language sql immutable
as $$
    select coalesce(sum(c.value::bigint), 0)::bigint from jsonb_each_text(counts) c
$$;

-- What the applied marks of a batch have brought the tables.
create or replace function pagetide.save_tables(marks pagetide.mark[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    of_job record;
begin
    for of_job in
        select c.job, jsonb_object_agg(c.name, c.records) filter (where c.records > 0) as records,
            jsonb_object_agg(c.name, c.rejects) filter (where c.rejects > 0) as rejects
        from (select m.job, e.name, sum(e.records) as records, sum(e.rejects) as rejects
            from unnest(marks) m
            cross join lateral (select key, value::bigint, 0 from jsonb_each_text(m.tables)
                union all select key, 0, value::bigint from jsonb_each_text(m.table_rejects)) as
                e (name, records, rejects)
            where m.verdict = 'applied' group by m.job, e.name) c
        group by c.job
    loop
        update job j set tables = add_counts(j.tables, coalesce(of_job.records, '{}')),
            table_rejects = add_counts(j.table_rejects, coalesce(of_job.rejects, '{}'))
        where j.id = of_job.job;
    end loop;
end
$$;

-- What a run has brought each of its further tables.
create or replace function pagetide.run_tables(of_run bigint)
returns table (name text, records bigint, rejects bigint)
language sql stable rows 2
set search_path = pagetide, pg_temp
as $$
    select e.name, sum(e.records)::bigint, sum(e.rejects)::bigint
    from job j
    cross join lateral (select key, value::bigint, 0 from jsonb_each_text(j.tables)
        union all select key, 0, value::bigint from jsonb_each_text(j.table_rejects)) as
        e (name, records, rejects)
    where j.run = of_run
    group by e.name
    order by e.name
$$;

-- A column of a misfit is told as `table.column` in a further table: the owner's own names.
create or replace function pagetide.own_name(of_owner text, spec jsonb, name text) returns text
language sql immutable
set search_path = pagetide, pg_temp
as $$
    select case
        when strpos(of_owner, '/') > 0 then case
            when starts_with(name, split_part(of_owner, '/', 2) || '.')
            then substr(name, length(split_part(of_owner, '/', 2)) + 2) end
        when not exists (select from spec_tables(of_owner, spec) t
            where strpos(t.owner, '/') > 0 and starts_with(name, split_part(t.owner, '/', 2) || '.'))
        then name end
$$;

-- Before the first rows of a run: those of runs that did not succeed, in every table that appends.
create or replace function pagetide.remove_all_unfinished(of_run bigint) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    t record;
begin
    for t in select s.owner, s.table_spec from run r
        join definition d on d.stream = r.stream and d.version = r.version
        cross join lateral spec_tables(r.stream, d.spec) s
        where r.id = of_run and to_regclass(format('%I.%I', s.table_spec ->> 'schema',
            s.table_spec ->> 'table')) is not null
    loop
        perform remove_unfinished(jsonb_build_object('schema', t.table_spec ->> 'schema', 'name',
            t.table_spec ->> 'table', 'write', coalesce(t.table_spec ->> 'write', 'append'))
            || case when strpos(t.owner, '/') > 0 then jsonb_build_object('of', t.table_spec ->> 'table')
                else '{}' end, of_run);
    end loop;
end
$$;

-- Merges the rows of the applied marks into all tables, the stream's own first: so two batches never
-- wait for each other in a circle. What a table checks at the COMMIT only is checked here, where its
-- rows can still be told apart.
create or replace function pagetide.merge_tables(batch jsonb, marks pagetide.mark[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    target jsonb;
begin
    if batch ? 'tables' then
        perform remove_all_unfinished(r.run) from (select distinct m.run from unnest(marks) m
            where m.verdict = 'applied' and m.page > 0 order by 1) r;
    end if;
    perform merge_rows(batch -> 'table', marks);
    for target in select t from jsonb_array_elements(batch -> 'tables') t loop
        perform merge_rows(target, marks);
    end loop;
    if jsonb_typeof(batch -> 'table') = 'object' or batch ? 'tables' then
        set constraints all immediate;
    end if;
end
$$;

-- The values that name a parent, in a staged row: as columns of the table, or compared with those of
-- another.
create or replace function pagetide.parent_sql(target jsonb, form text) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select string_agg(format(form, c.value, c.name), case when form like '%=%' then ' and ' else ', ' end
        order by c.at)
    from merge_columns(target) c where target -> 'parent_key' ? c.name
$$;

-- A table with `parent_key`. A staged row without a hash is a parent: what comes behind it is all
-- that it has, in the table and in the batch. What it had before goes, and the parents' rows with it;
-- the rest is merged. $1: the indexes of the applied marks.
create or replace function pagetide.replace_children(target jsonb, numbers int[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    parents constant text := format('select %s, max(s._pt_ord) as _pt_ord from pg_temp.%I s '
        'where s._pt_hash is null and s._pt_mark = any ($1) group by %s',
        parent_sql(target, '%s as %I'), target ->> 'stage', parent_sql(target, '%s'));
    sent text;
begin
    if not jsonb_path_exists(target, '$.parent_key[*]') then
        return;
    end if;
    execute format('delete from pg_temp.%I s using (%s) p where s._pt_hash is not null '
        'and s._pt_ord < p._pt_ord and %s', target ->> 'stage', parents,
        parent_sql(target, '%s = p.%I')) using numbers;
    if target ->> 'write' = 'upsert' then
        select format(' and not exists (select from pg_temp.%I s where s._pt_hash is not null and '
            's._pt_mark = any ($1) and %s)', target ->> 'stage',
            string_agg(format('%s = t.%I', c.value, c.name), ' and ' order by c.at))
        into sent from merge_columns(target) c where c.is_key;
    end if;
    execute format('delete from %I.%I t using (%s) p where %s%s', target ->> 'schema',
        target ->> 'name', parents, parent_sql(target, 't.%2$I = p.%2$I'), sent) using numbers;
    execute format('delete from pg_temp.%I where _pt_hash is null', target ->> 'stage');
end
$$;
