-- After a data error in the merge: which rows of the staging table are to blame. The merge is
-- tried on halves of halves; what fits stays in, as it would in the real one, so that a row
-- that only clashes with another of the batch is found too. Everything is rolled back.
-- Needs clock (helpers), read_marks (commit), merge_stage, staged_value, remove_unfinished (merge),
-- merge_target (replace), merge_before, delete_sql, drop_deleted (deletes), replace_children (tables).

-- Whether an error is the data's own, so that other rows may fit: classes 22, 23, 54, and P0001.
-- 22P03 and 22P04 say that COPY and the table do not go together. A trigger may raise what it likes
-- (`context` ends at RAISE): that is about its row too, unless it says to try again. Also in C: if you
-- change this, change sqlstate_kind, sqlstate_is_refusal (lib/port/sqlstate.c) and tests/tables/rules/sqlstates.txt.
create or replace function pagetide.is_data_error(state text, context text default null) returns boolean
language sql immutable
as $$
    select state = 'P0001'
        or left(state, 2) in ('22', '23', '54') and state not in ('22P03', '22P04')
        or coalesce(context ~ '^[^\n]* RAISE(\n|$)', false) and state not in ('22P03', '22P04', '25006', '55P03', '57014')
            and left(state, 2) not in ('0A', '28', '3D', '3F', '40', '42', '53', 'PT')
$$;

-- Tries the rows first to last; those that fit stay in the table, the others are returned. A record
-- that is `deleted` may be refused too: its row is referred to, or a trigger holds it.
create or replace function pagetide.try_rows(target jsonb, numbers int[], runs bigint[],
    first bigint,
    last bigint) returns setof pagetide.bad_row
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    probe constant jsonb := target || '{"stage": "_pt_probe"}';
    middle bigint := (first + last) / 2;
    said text;
    context text;
begin
    begin
        delete from pg_temp._pt_probe;
        execute format('insert into pg_temp._pt_probe select * from pg_temp.%I '
            'where _pt_ord between $1 and $2 %s', target ->> 'stage', case when target ? 'parent_key'
                then 'and _pt_hash is not null' end) using first, last;
        if target ? 'deletes' and target ->> 'write' = 'upsert' then
            perform merge_before(probe, numbers, runs);
            execute delete_sql(probe) using numbers;
            perform drop_deleted(probe, numbers);
        end if;
        perform merge_stage(probe, numbers, runs);
        if not target ? 'is_before_others' then
            set constraints all immediate;
        end if;
        return;
    exception when others then
        get stacked diagnostics context = pg_exception_context;
        if not is_data_error(sqlstate, context) then
            raise;
        end if;
        said := sqlerrm;
    end;
    if first < last then
        return query select * from try_rows(target, numbers, runs, first, middle);
        return query select * from try_rows(target, numbers, runs, middle + 1, last);
        return;
    end if;
    return query select first, said, null::text;
end
$$;

-- The tables that the batch fills before this one: its rows may refer to theirs.
create or replace function pagetide.merge_others(others jsonb, numbers int[], runs bigint[])
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    target jsonb;
begin
    for target in select merge_target(t, (select max(r) from unnest(runs) r))
        from jsonb_array_elements(others) t
    loop
        if target ? 'deletes' and target ->> 'write' = 'upsert' then
            perform drop_deleted(target, numbers);
        end if;
        perform replace_children(target, numbers);
        perform merge_stage(target, numbers, runs);
    end loop;
end
$$;

-- `batch` is that of commit_batch, its staging table loaded; `before`, its tables before this one.
create or replace function pagetide.find_bad_rows(batch jsonb) returns setof pagetide.bad_row
language plpgsql
set search_path = pagetide, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, MDY'
set intervalstyle = 'postgres'
as $$
declare
    target jsonb := batch -> 'table';
    numbers int[];
    runs bigint[];
    last bigint;
    bad bad_row[];
begin
    select array_agg(m.n), array_agg(j.run) into numbers, runs
    from unnest(read_marks(batch)) m join job j on j.id = m.job;
    execute format('select coalesce(max(_pt_ord), 0) from pg_temp.%I', target ->> 'stage')
        into last;
    begin
        execute format('create temp table _pt_probe on commit drop as '
            'select * from pg_temp.%I with no data', target ->> 'stage');
        perform remove_unfinished(target, r) from (select distinct unnest(runs) order by 1) d (r);
        perform merge_others(batch -> 'before', numbers, runs);
        target := merge_target(target, (select max(r) from unnest(runs) r))
            || case when batch ? 'tables' then '{"is_before_others": true}' else '{}' end::jsonb;
        bad := array(select t from try_rows(target, numbers, runs, 0, last) t);
        raise exception 'take it all back' using errcode = 'PT009';
    exception when sqlstate 'PT009' then
        null;
    end;
    return query select * from unnest(bad);
end
$$;

-- Tries the values first to last of one column in a table that has this column alone; those that
-- its type or its length refuses are returned.
create or replace function pagetide.try_values(stage text, value text, first bigint, last bigint)
returns setof pagetide.bad_row
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    middle bigint := (first + last) / 2;
    said text;
    context text;
begin
    begin
        execute format('insert into pg_temp._pt_fit select %s from pg_temp.%I s '
            'where _pt_ord between $1 and $2', value, stage) using first, last;
        delete from pg_temp._pt_fit;
        return;
    exception when others then
        get stacked diagnostics context = pg_exception_context;
        if not is_data_error(sqlstate, context) then
            raise;
        end if;
        said := sqlerrm;
    end;
    if first = last then
        return query select first, said, null::text;
        return;
    end if;
    return query select * from try_values(stage, value, first, middle);
    return query select * from try_values(stage, value, middle + 1, last);
end
$$;

-- Values of the staging table that cannot become one of their column's type, whatever else the
-- table wants of a row. Columns that are staged as what they are have none.
create or replace function pagetide.find_misfits(batch jsonb)
returns table (ord bigint, name text, reason text)
language plpgsql
set search_path = pagetide, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, MDY'
set intervalstyle = 'postgres'
as $$
#variable_conflict use_column
declare
    target jsonb := batch -> 'table';
    relation regclass;
    last bigint;
    c record;
    found_ords bigint[] := '{}';
    found_names text[] := '{}';
    found_reasons text[] := '{}';
    bad bad_row;
begin
    execute format('select coalesce(max(_pt_ord), 0) from pg_temp.%I', target ->> 'stage')
        into last;
    begin
        target := merge_target(target, (select max(j.run) from unnest(read_marks(batch)) m
            join job j on j.id = m.job));
        relation := format('%I.%I', target ->> 'schema', target ->> 'name')::regclass;
        for c in select m.name, m.value, format_type(a.atttypid, a.atttypmod) as type
            from merge_columns(target) m
            join pg_attribute a on a.attrelid = relation and a.attname = m.name
            join pg_attribute s on s.attname = m.name
                and s.attrelid = format('pg_temp.%I', target ->> 'stage')::regclass
            where s.atttypid <> a.atttypid or a.atttypmod <> -1
        loop
            execute format('create temp table _pt_fit (v %s) on commit drop', c.type);
            for bad in select * from try_values(target ->> 'stage', c.value, 0, last) loop
                found_ords := found_ords || bad.ord;
                found_names := found_names || c.name;
                found_reasons := found_reasons || bad.reason;
            end loop;
            drop table pg_temp._pt_fit;
        end loop;
        raise exception 'take it all back' using errcode = 'PT009';
    exception when sqlstate 'PT009' then
        null;
    end;
    return query select * from unnest(found_ords, found_names, found_reasons);
end
$$;
