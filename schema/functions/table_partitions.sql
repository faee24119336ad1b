-- `partition_by`: tables that are partitioned by ranges of a time. Each period that has rows gets a
-- partition, as the present one does and those ahead of it; a default partition takes the rest: rows
-- without that time, or of a period that has no partition.
--
--     extend_table ──► create_partitioned, partition_table     the table, its default partition, those ahead
--     a batch ──► make_partitions (worker/load/periods.c)      what its rows lack, before they are sent
--
-- Both are transactions of their own, under the table's advisory lock, so that two processes that meet
-- a new period make it once. ATTACH lets others read and write meanwhile, but for the default
-- partition, which PostgreSQL must look through. Where that is in use for too long, or our role may
-- not make tables, no batch fails or waits: its rows go to the default partition, and the start of the
-- next run moves them from there (target.partitions_due).
--
-- Times are in UTC and without a zone, of whatever type the column is.
-- Needs clock (helpers), cut_bytes, run_ddl, is_type_text (columns), is_readable, widen_max_bytes (widen),
-- is_of, owner_stream (tables), the tables target and field.

-- How much of the disk a table takes, with its partitions, without indexes.
create or replace function pagetide.table_size(relation regclass) returns bigint
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select (pg_table_size(relation) + coalesce((select sum(pg_table_size(p.relid))
        from pg_partition_tree(relation) p where p.relid <> relation), 0))::bigint
$$;

-- The same with indexes, for people.
create or replace function pagetide.pretty_size(relation regclass) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select pg_size_pretty(pg_total_relation_size(relation) + coalesce((select
        sum(pg_total_relation_size(p.relid)) from pg_partition_tree(relation) p
        where p.relid <> relation), 0))
$$;

-- How many rows it had at its last ANALYZE or VACUUM; null: that is not known.
create or replace function pagetide.known_rows(relation regclass) returns bigint
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select (case when c.relkind <> 'p' then nullif(c.reltuples, -1) else (select sum(r.reltuples)
        from pg_partition_tree(relation) p join pg_class r on r.oid = p.relid
        where p.isleaf and r.reltuples >= 0) end)::bigint
    from pg_class c where c.oid = relation
$$;

-- How long a period is.
create or replace function pagetide.period_step(every text) returns interval
language sql immutable
as $$
    select case every when 'quarter' then interval '3 months' else ('1 ' || every)::interval end
$$;

-- The start of the period that it is now.
create or replace function pagetide.period_now(every text) returns timestamp
language sql stable
as $$
    select date_trunc(every, pagetide.clock() at time zone 'UTC')
$$;

-- The column of the table by which a plan has it partitioned; null: it is not there.
create or replace function pagetide.partition_column(plan jsonb) returns name
language sql stable
set search_path = pagetide, pg_temp
as $$
    select a.attname from pg_attribute a
    where a.attrelid = to_regclass(format('%I.%I', plan ->> 'schema', plan ->> 'table'))
        and a.attnum > 0 and not a.attisdropped and a.attname = coalesce((select f.column_name
            from field f where f.stream = plan ->> 'stream' and f.field = plan -> 'partition' ->> 'range'),
            plan -> 'partition' ->> 'range')
$$;

-- Whether it is partitioned by ranges of that column alone, and of no other type than these.
create or replace function pagetide.is_partitioned(plan jsonb) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from pg_partitioned_table p
        join pg_attribute a on a.attrelid = p.partrelid and a.attname = partition_column(plan)
        where p.partrelid = to_regclass(format('%I.%I', plan ->> 'schema', plan ->> 'table'))
            and p.partstrat = 'r' and p.partnatts = 1 and p.partattrs[0] = a.attnum
            and a.atttypid in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype))
$$;

-- A table that is there, and that nobody has partitioned so, in words: PostgreSQL cannot make it one, and
-- a copy would not be the same table to those who use it.
create or replace function pagetide.partition_misfit(plan jsonb) returns setof text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('table %s is there, and is not partitioned by range (%s), as partition_by says: it stays '
            'as it is. Name another `table`; or `pagetide reset %s --drop-table`, and the next run makes it '
            'anew; or take partition_by out', n.relation, plan -> 'partition' ->> 'range',
            owner_stream(plan ->> 'stream'))
    from (select to_regclass(format('%I.%I', plan ->> 'schema', plan ->> 'table'))) n (relation)
    where plan ? 'partition' and n.relation is not null and not is_partitioned(plan)
$$;

-- Refuses such a table.
create or replace function pagetide.check_partitioned(plan jsonb) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    misfit constant text := partition_misfit(plan);
begin
    if misfit is not null then
        raise exception '%', misfit using errcode = 'PT022';
    end if;
end
$$;

-- Makes the table with the column by which it is partitioned, which is the field's then.
create or replace function pagetide.create_partitioned(plan jsonb) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    name text := plan -> 'partition' ->> 'range';
    type text := plan -> 'partition' ->> 'type';
begin
    if not is_type_text(type) then
        raise exception 'column %: "%" is not a type', name, type using errcode = 'PT022';
    end if;
    perform run_ddl(format('create table %I.%I (%I %s) partition by range (%I)', plan ->> 'schema',
        plan ->> 'table', name, type, name));
    if name <> '_pt_at' then
        insert into field (stream, field, column_name, type, declared, first_run, first_seen)
        values (plan ->> 'stream', name, name, type, true, (plan ->> 'run')::bigint, clock());
    end if;
end
$$;

-- The partitions of a table but the default one, and what they hold: from `lower` to before `upper`.
-- Waits for no lock, as pg_get_expr does where it is told the table.
create or replace function pagetide.table_partitions(relation regclass)
returns table (part regclass, lower timestamp, upper timestamp)
language sql stable
set search_path = pagetide, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, MDY'
as $$
    select c.oid::regclass,
        case when b.ends[1] = 'MINVALUE' then '-infinity' else b.ends[1]::timestamptz at time zone 'UTC' end,
        case when b.ends[2] = 'MAXVALUE' then 'infinity' else b.ends[2]::timestamptz at time zone 'UTC' end
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    cross join lateral regexp_match(pg_get_expr(c.relpartbound, 0),
        'FROM \(''?(.*?)''?\) TO \(''?(.*?)''?\)$') as b (ends)
    where i.inhparent = relation and b.ends is not null
$$;

-- The partition that takes what no other one does; null: there is none.
create or replace function pagetide.default_partition(relation regclass) returns regclass
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select nullif(p.partdefid, 0)::regclass from pg_partitioned_table p where p.partrelid = relation
$$;

-- A name that nobody has: of the table and what it holds, at most 63 bytes.
create or replace function pagetide.partition_name(schema_name text, table_name text, what text)
returns name
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    own text := cut_bytes(table_name, 62 - octet_length(what)) || '_' || what;
    n int := 1;
begin
    while to_regclass(format('%I.%I', schema_name, own)) is not null loop
        n := n + 1;
        own := cut_bytes(table_name, 61 - octet_length(what) - length(n::text)) || '_' || what || '_' || n;
    end loop;
    return own;
end
$$;

-- The partition that begins then, as its name says it.
create or replace function pagetide.period_name(lower timestamp, every text) returns text
language sql immutable
as $$
    select to_char(lower, case every when 'hour' then '"p"YYYY_MM_DD_HH24' when 'month' then '"p"YYYY_MM'
        when 'quarter' then '"p"YYYY"q"Q' when 'year' then '"p"YYYY' else '"p"YYYY_MM_DD' end)
$$;

-- Makes a table like this one, and its partition for these values; `moved`: a condition for rows that
-- are in its default partition and belong there. Whoever owns the table owns it.
create or replace function pagetide.attach_partition(relation regclass, name text, what text,
    moved text) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    owner name := (select pg_get_userbyid(c.relowner) from pg_class c where c.oid = relation);
    columns text := (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
        where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = '');
begin
    execute format('create table %s (like %s including defaults including generated '
        'including constraints including storage including compression)', name, relation);
    if owner <> current_user then
        execute format('alter table %s owner to %I', name, owner);
    end if;
    if moved is not null then
        execute format('with moved as (delete from %1$s where %2$s returning %3$s) '
            'insert into %4$s (%3$s) select %3$s from moved', default_partition(relation), moved, columns,
            name);
    end if;
    execute format('alter table %s attach partition %s %s', relation, name, what);
end
$$;

-- Makes the partition from `lower` to before `upper`; both null: the default one. `why` not, or null;
-- `is_busy`: the next one would wait as long.
create or replace function pagetide.try_partition(plan jsonb, lower timestamp, upper timestamp,
    out why text, out is_busy boolean)
language plpgsql
set search_path = pagetide, pg_temp
set lock_timeout = '2s'
as $$
declare
    relation regclass := format('%I.%I', plan ->> 'schema', plan ->> 'table')::regclass;
    rest regclass;
    own constant name := partition_name(plan ->> 'schema', plan ->> 'table', coalesce(
        period_name(lower, plan -> 'partition' ->> 'every'), 'default'));
    zone constant text := case when (select a.atttypid from pg_attribute a where a.attrelid = relation
        and a.attname = partition_column(plan)) = 'timestamptz'::regtype then '+00' else '' end;
    ends constant text[] := array[to_char(lower, 'YYYY-MM-DD HH24:MI:SS') || zone,
        to_char(upper, 'YYYY-MM-DD HH24:MI:SS') || zone];
    belongs constant text := format('%1$I >= %2$L and %1$I < %3$L', partition_column(plan), ends[1], ends[2]);
    has_rows boolean := false;
begin
    is_busy := false;
    execute format('lock table only %s in share update exclusive mode', relation);
    rest := default_partition(relation);
    if rest is not null then
        execute format('lock table only %s in access exclusive mode', rest);
        execute format('select exists (select from %s where %s)', rest, belongs) into has_rows;
    end if;
    if has_rows and table_size(rest) > widen_max_bytes() then
        why := format('%s is large (%s), and everybody would wait while they are moved', rest,
            pg_size_pretty(table_size(rest)));
        return;
    end if;
    perform attach_partition(relation, format('%I.%I', plan ->> 'schema', own), case when lower is null
        then 'default' else format('for values from (%L) to (%L)', ends[1], ends[2]) end,
        case when has_rows then belongs end);
exception
    when lock_not_available then
        is_busy := true;
        why := format('somebody else has used %s for longer than 2 s', coalesce(rest, relation));
    when others then
        why := sqlerrm;
end
$$;

-- The gap around a time that no partition of the table has, within its period.
create or replace function pagetide.free_period(relation regclass, at timestamp, every text,
    out lower timestamp, out upper timestamp)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select greatest(date_trunc(every, at), max(p.upper) filter (where p.upper <= at)),
        least(date_trunc(every, at) + period_step(every), min(p.lower) filter (where p.lower > at))
    from table_partitions(relation) p
$$;

-- Makes partitions for these times, where there are none. `lowers`, `uppers`: periods that got none,
-- because of `why`. Of each period only one gap is filled, and of many periods the first ones:
-- `has_more`.
create or replace function pagetide.fill_partitions(plan jsonb, wanted timestamp[], out lowers timestamp[],
    out uppers timestamp[], out why text, out has_more boolean)
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    relation constant regclass := format('%I.%I', plan ->> 'schema', plan ->> 'table')::regclass;
    every constant text := plan -> 'partition' ->> 'every';
    room bigint := (plan -> 'partition' ->> 'max')::bigint - (select count(*) from table_partitions(relation));
    made int := 0;
    at timestamp;
    gap record;
    tried record;
    is_busy boolean := false;
begin
    lowers := '{}';
    uppers := '{}';
    has_more := false;
    for at in select min(w) from unnest(wanted) w
        where w >= '0001-01-01' and w < '9999-01-01'
            and not exists (select from table_partitions(relation) p where p.lower <= w and w < p.upper)
        group by date_trunc(every, w) order by 1
    loop
        has_more := made >= 32; -- all of them are locked until the end
        exit when has_more;
        gap := free_period(relation, at, every);
        if made >= room then
            why := format('it has all the %s partitions that "max" allows', plan -> 'partition' ->> 'max');
        elsif not is_busy then
            tried := try_partition(plan, gap.lower, gap.upper);
            is_busy := tried.is_busy;
            why := coalesce(tried.why, why);
            made := made + (tried.why is null)::int;
            continue when tried.why is null;
        end if;
        lowers := lowers || gap.lower;
        uppers := uppers || gap.upper;
    end loop;
end
$$;

-- These periods have rows in the default partition, as far as we know.
create or replace function pagetide.note_due(plan jsonb, lowers timestamp[], reason text) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update target t set partitions_why = reason, partitions_due = array(select d from (
        select unnest(t.partitions_due) union select to_char(l, 'YYYY-MM-DD HH24:MI')
        from unnest(lowers) l) u (d) order by d limit 100)
    where t.schema_name = plan ->> 'schema' and t.table_name = plan ->> 'table' and lowers <> '{}'
$$;

-- Called by extend_table: what the table has to have before a record comes, and what earlier batches
-- had to do without.
create or replace function pagetide.partition_table(plan jsonb) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    relation constant regclass := format('%I.%I', plan ->> 'schema', plan ->> 'table')::regclass;
    every constant text := plan -> 'partition' ->> 'every';
    until constant timestamp := period_now(every)
        + ((plan -> 'partition' ->> 'ahead')::int + 1) * period_step(every);
    due constant timestamp[] := array(select unnest(t.partitions_due)::timestamp from target t
        where t.schema_name = plan ->> 'schema' and t.table_name = plan ->> 'table');
    filled record;
begin
    if not plan ? 'partition' then
        return;
    end if;
    if default_partition(relation) is null then
        perform try_partition(plan, null, null);
    end if;
    loop
        filled := fill_partitions(plan, due || array(select generate_series(period_now(every),
            until - period_step(every), period_step(every))));
        exit when not filled.has_more;
    end loop;
    update target t set partitions_due = '{}', partitions_why = null,
        partitions_until = case when filled.why is null then until end
    where t.schema_name = plan ->> 'schema' and t.table_name = plan ->> 'table'
        and (t.partitions_due, t.partitions_until) is distinct from ('{}', until);
    perform note_due(plan, array(select unnest(filled.lowers) intersect select unnest(due)), filled.why);
end
$$;

-- Whether a run of this definition begins with that.
create or replace function pagetide.wants_partitions(t pagetide.target, spec jsonb) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce(t.partitions_due <> '{}' or coalesce(t.partitions_until, '-infinity')
        < period_now(b ->> 'every') + ((b ->> 'ahead')::int + 1) * period_step(b ->> 'every'), false)
    from (select spec -> 'partition_by') s (b)
$$;

-- What a run says of them at its end.
create or replace function pagetide.partitions_words(of_stream text) returns setof text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('partition_by: rows of %s period%s of %I.%I (%s%s) are in its default partition: %s',
        cardinality(t.partitions_due), case when cardinality(t.partitions_due) > 1 then 's' else '' end,
        t.schema_name, t.table_name, t.partitions_due[1], case when cardinality(t.partitions_due) > 1
            then ' …' else '' end, t.partitions_why)
    from target t where is_of(t.stream, of_stream) and t.partitions_due <> '{}'
$$;

-- As many of these texts as are times.
create or replace function pagetide.read_times(texts jsonb) returns timestamp[]
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    return array(select w::timestamptz at time zone 'UTC' from jsonb_array_elements_text(texts) w);
exception when data_exception then
    return array(select w::timestamptz at time zone 'UTC' from jsonb_array_elements_text(texts) w
        where is_readable(w, 'timestamp with time zone'));
end
$$;

-- Microseconds since 2000-01-01; null where it has no end.
create or replace function pagetide.wire_time(at timestamp) returns bigint
language sql immutable
as $$
    select case when isfinite(at) then (extract(epoch from at) * 1000000)::bigint - 946684800000000 end
$$;

-- Before the rows of a batch are sent: partitions for these times of theirs (a list of texts). Gives
-- what needs no partition any more: periods that have one, and those that get none in this run. No
-- rows: the table is not partitioned so.
create or replace function pagetide.make_partitions(plan jsonb, texts jsonb)
returns table (from_us bigint, to_us bigint, has_more boolean)
language plpgsql
set search_path = pagetide, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, MDY'
set lock_timeout = '10s'
as $$
declare
    filled record;
begin
    if not is_partitioned(plan) then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended(
        format('pagetide %I.%I', plan ->> 'schema', plan ->> 'table'), 0));
    filled := fill_partitions(plan, read_times(texts) || case when plan -> 'partition' ->> 'range' = '_pt_at'
        then array[period_now(plan -> 'partition' ->> 'every')] end);
    perform note_due(plan, filled.lowers, filled.why);
    return query
        select wire_time(p.lower), wire_time(p.upper), filled.has_more
        from table_partitions(format('%I.%I', plan ->> 'schema', plan ->> 'table')::regclass) p
        union all
        select wire_time(g.lower), wire_time(g.upper), filled.has_more
        from unnest(filled.lowers, filled.uppers) as g (lower, upper);
end
$$;
