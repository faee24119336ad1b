-- From a batch's staging table to the stream's table.
-- Needs clock (helpers), part_key (definitions), hold_table (columns), merge_target (replace), delete_rows
-- (deletes), has_brought, replace_children (tables), merge_history (history), run_legs (legs).

-- How a staged value becomes one of the column's type. A text that names an offset is that instant
-- in UTC, where the type has no place for the offset: PostgreSQL's own cast would drop it, and with
-- it the time that was meant. A column may have become wider since the batch was cut. Needs the time zone UTC (merge_rows, find_misfits set it).
create or replace function pagetide.staged_value(name text, staged regtype, wanted regtype)
returns text
language sql stable
as $$
    select case
        when staged <> 'text'::regtype then pagetide.cast_sql(format('s.%I', name),
            format_type(staged, -1), format_type(wanted, -1))
        when wanted = 'timestamp'::regtype
            then format('(s.%I::timestamptz at time zone ''UTC'')', name)
        when wanted = 'date'::regtype
            then format('(s.%I::timestamptz at time zone ''UTC'')::date', name)
        when wanted = 'time'::regtype
            -- Only where there is an offset: timetz takes less than time.
            then format('case when s.%1$I ~* ''([+-][0-9:]+|[a-z/_]+)\s*$'' and '
                's.%1$I !~* ''[ap]m\s*$'' then (s.%1$I::timetz at time zone ''UTC'')::time '
                'else s.%1$I::time end', name)
        else format('s.%I::%s', name, format_type(wanted, -1))
    end
$$;

-- The columns a batch brings, with the types they have in the table now. Values are cast to
-- the bare type: what a length or precision cuts is then an error, not a silent loss.
create or replace function pagetide.merge_columns(target jsonb)
returns table (name text, type text, is_key boolean, at bigint, value text)
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    relation regclass := format('%I.%I', target ->> 'schema', target ->> 'name')::regclass;
    stage regclass := format('pg_temp.%I', target ->> 'stage')::regclass;
    missing text;
begin
    select c.name into missing from jsonb_array_elements_text(target -> 'columns') as c (name)
    where not exists (select from pg_attribute a where a.attrelid = relation
        and a.attname = c.name and a.attnum > 0 and not a.attisdropped) limit 1;
    if found then
        raise exception 'column % of % is gone', missing, relation using errcode = '42703';
    end if;
    return query
        select c.name, format_type(a.atttypid, -1),
            coalesce(target -> 'key' ? c.name, false), c.at,
            staged_value(c.name, s.atttypid::regtype, a.atttypid::regtype)
        from jsonb_array_elements_text(target -> 'columns') with ordinality as c (name, at)
        join pg_attribute a on a.attrelid = relation and a.attname = c.name
        join pg_attribute s on s.attrelid = stage and s.attname = c.name;
end
$$;

-- Two objects {column: source text}, or more, as one: of equal names the later counts.
create or replace aggregate pagetide.join_objects(jsonb)
    (sfunc = jsonb_concat, stype = jsonb, initcond = '{}');

-- {name: null} for each name that is not null.
create or replace function pagetide.nulls_of(names text[]) returns jsonb
language sql immutable
as $$
    select coalesce(jsonb_object_agg(n, null), '{}') from unnest(names) n where n is not null
$$;

-- `array[…]` of the names of those columns of `alias` that hold a value; null for the others.
create or replace function pagetide.names_filled(target jsonb, alias text) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('array[%s]::text[]', string_agg(format(
        'case when %1$s.%2$I is not null then %2$L end', alias, c.name), ', ' order by c.at))
    from merge_columns(target) c
$$;

-- The rows of the staging table that a key has, as one: of each column the last value that is not
-- null, and of the values that went aside those after which none came. `keys`: the key's values,
-- as the target has them.
create or replace function pagetide.filled_rows(target jsonb, keys text) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('(select %s(array_agg(s._pt_hash order by s._pt_ord desc))[1] as _pt_hash, '
        'jsonb_strip_nulls(pagetide.join_objects(coalesce(nullif(s._pt_aside::text, %L)::jsonb, ''{}'') '
        '|| pagetide.nulls_of(%s) order by s._pt_ord)) as _pt_aside, max(s._pt_ord) as _pt_ord, '
        '(array_agg(m.run order by s._pt_ord desc))[1] as run '
        'from pg_temp.%I s join unnest($1, $2) as m (n, run) on m.n = s._pt_mark group by %s) s',
        string_agg(format('(array_agg(s.%1$I order by s._pt_ord desc) '
            'filter (where s.%1$I is not null))[1] as %1$I, ', c.name), '' order by c.at),
        '', names_filled(target, 's'), target ->> 'stage', keys)
    from merge_columns(target) c
$$;

-- `merge: fill`: what of a row that is there changes. A value that has come is aside no more.
create or replace function pagetide.fill_sql(target jsonb) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('%s_pt_run = excluded._pt_run, _pt_at = excluded._pt_at, '
        '_pt_hash = excluded._pt_hash, _pt_aside = %s where (%s t._pt_aside) is distinct from (%s %s)',
        string_agg(format('%1$I = coalesce(excluded.%1$I, t.%1$I), ', c.name), '' order by c.at)
            filter (where not c.is_key), a.aside,
        string_agg(format('t.%I::text,', c.name), ' ' order by c.at) filter (where not c.is_key),
        string_agg(format('coalesce(excluded.%1$I, t.%1$I)::text,', c.name), ' ' order by c.at)
            filter (where not c.is_key), a.aside)
    from merge_columns(target) c,
        (select format('nullif((coalesce(t._pt_aside, ''{}'') - array_remove(%s, null)) '
            '|| coalesce(excluded._pt_aside, ''{}''), ''{}'')', names_filled(target, 'excluded'))
            as aside) a
    group by a.aside
$$;

-- Whether rows of the table may be marked as deleted: `deletes: soft` may have been said before.
create or replace function pagetide.has_marks(relation regclass) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from pg_attribute a where a.attrelid = relation
        and a.attname = '_pt_deleted_at' and not a.attisdropped)
$$;

-- $1 indexes of the applied marks, $2 their runs, $3 the time. A column that is an identity takes the
-- records' values, as it does by COPY.
create or replace function pagetide.merge_sql(target jsonb) returns text
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    own constant text := '_pt_run, _pt_at, _pt_hash, _pt_aside';
    upsert boolean := target ->> 'write' = 'upsert';
    fills boolean := upsert and coalesce((target ->> 'fills')::boolean, false);
    marked constant boolean := has_marks(format('%I.%I', target ->> 'schema', target ->> 'name')::regclass);
    names text;
    vals text;
    keys text;
    key_vals text;
    sets text;
begin
    select string_agg(format('%I, ', c.name), '' order by c.at),
        string_agg(c.value || ', ', '' order by c.at),
        string_agg(format('%I', c.name), ', ' order by c.at) filter (where c.is_key),
        string_agg(c.value || ', ', '' order by c.at) filter (where c.is_key),
        string_agg(format('%1$I = excluded.%1$I, ', c.name), '' order by c.at)
            filter (where not c.is_key)
    into names, vals, keys, key_vals, sets
    from merge_columns(target) c;
    if upsert and keys is null then
        raise exception 'upsert without a key' using errcode = 'PT004';
    end if;
    if fills then
        return format('insert into %I.%I as t (%s%s) overriding system value select %ss.run, $3, s._pt_hash, '
            'nullif(s._pt_aside, ''{}'') from %s '
            'order by %s on conflict (%s) do update set %s',
            target ->> 'schema', target ->> 'name', names, own, vals,
            filled_rows(target, rtrim(key_vals, ', ')), rtrim(key_vals, ', '), keys,
            fill_sql(target));
    end if;

    return format('insert into %I.%I as t (%s%s) overriding system value select ',
            target ->> 'schema', target ->> 'name', names, own)
        || case when upsert then format('distinct on (%s) ', rtrim(key_vals, ', ')) else '' end
        || coalesce(vals, '') || 'm.run, $3, s._pt_hash, nullif(s._pt_aside::text, '''')::jsonb'
        || format(' from pg_temp.%I s', target ->> 'stage')
        || ' join unnest($1, $2) as m (n, run) on m.n = s._pt_mark'
        || case when upsert then format(
            ' order by %1$ss._pt_ord desc on conflict (%2$s) do update set %3$s'
            '_pt_run = excluded._pt_run, _pt_at = excluded._pt_at, _pt_hash = excluded._pt_hash, '
            '_pt_aside = excluded._pt_aside%4$s where t._pt_hash is distinct from excluded._pt_hash%5$s',
            key_vals, keys, sets, case when marked then ', _pt_deleted_at = null' end,
            case when marked then ' or t._pt_deleted_at is not null' end)
        else ' order by s._pt_ord' end;
end
$$;

-- Merges the rows of these marks, of these runs. Returns how many rows of the table it has written;
-- null for a history.
create or replace function pagetide.merge_stage(target jsonb, numbers int[], runs bigint[])
returns bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    written bigint;
begin
    if target ->> 'write' = 'history' then
        perform merge_history(target, numbers, runs[1]);
        return null;
    end if;
    execute merge_sql(target) using numbers, runs, clock();
    get diagnostics written = row_count;
    return written;
end
$$;

-- Whether a trigger or a rule of the table may keep a row from it that was sent, in silence.
create or replace function pagetide.may_drop_rows(relation regclass) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.relhasrules or exists (select from pg_trigger t
        where t.tgrelid = any (case when c.relkind = 'p' then array(select p.relid
                from pg_partition_tree(relation) p) else array[relation] end)
            and t.tgtype & 3 = 3 and not t.tgisinternal and t.tgenabled <> 'D') -- before, each row
    from pg_class c where c.oid = relation
$$;

-- How many of the merged records are not in the table as they came. `written`: what merge_stage said.
create or replace function pagetide.dropped_rows(target jsonb, numbers int[], written bigint)
returns bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    dropped bigint;
begin
    if target ->> 'write' = 'history' then
        execute format('select count(*) from (%s) l', last_sql(target)) into dropped using numbers;
    elsif target ->> 'write' = 'upsert' then
        execute (select format('select count(*) from (select distinct on (%1$s) %2$s, s._pt_hash '
                'from pg_temp.%3$I s where s._pt_mark = any ($1) order by %1$s, s._pt_ord desc) l '
                'where not exists (select from %4$I.%5$I t where %6$s%7$s)',
                string_agg(c.value, ', ' order by c.at),
                string_agg(format('%s as %I', c.value, c.name), ', ' order by c.at), target ->> 'stage',
                target ->> 'schema', target ->> 'name', key_match(target),
                case when not coalesce((target ->> 'fills')::boolean, false)
                    then ' and t._pt_hash is not distinct from l._pt_hash' end)
            from merge_columns(target) c where c.is_key) into dropped using numbers;
    else
        execute format('select count(*) - $2 from pg_temp.%I s where s._pt_mark = any ($1)',
            target ->> 'stage') into dropped using numbers, written;
    end if;
    return dropped;
end
$$;

-- What a run says of rows that its table has dropped.
create or replace function pagetide.dropped_words(relation regclass, rows bigint) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('dropped: %s rows of %s are not as the run has brought them: a trigger or a rule of '
        'the table has dropped what was sent, or put it elsewhere', rows, relation)
$$;

-- The job says it once, of all its batches.
create or replace function pagetide.note_dropped(of_job bigint, relation regclass, rows bigint)
returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update job j set warnings = array(select w from unnest(j.warnings) w
            where w not like 'dropped: % ' || relation || ' %')
        || dropped_words(relation, rows + coalesce((select substring(w, '[0-9]+')::bigint
            from unnest(j.warnings) w where w like 'dropped: % ' || relation || ' %'), 0))
    where j.id = of_job and rows > 0
$$;

-- Why the table cannot be written to by us, or null: row level security hides rows from our role, so
-- that they could be neither compared nor taken out, and the records would be there twice.
create or replace function pagetide.hidden_failure(relation regclass) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with policy as materialized (
        select p.polcmd as cmd, p.polpermissive as permits,
            pg_get_expr(p.polqual, p.polrelid) is not distinct from 'true' as is_all
        from pg_policy p where p.polrelid = relation and exists (select from unnest(p.polroles) r
            where r = 0 or pg_has_role(r, 'usage')))
    select format('row level security of %1$s hides rows from role %2$I, so that records would be '
        'there twice or stay: `create policy pagetide on %1$s to %2$I using (true)` shows it all rows, '
        'or `alter role %2$I bypassrls`', relation, current_user)
    where row_security_active(relation) and (exists (select from policy where not permits and not is_all
            and cmd <> 'a')
        or exists (select from unnest('{r,w,d}'::"char"[]) c where not exists (
            select from policy where permits and is_all and cmd in ('*', c))))
$$;

-- Runs that did not succeed, and whose records this run asks for again: of the same window, or of
-- the same bookmark, since bookmarks move only when a run has succeeded. A run after which one
-- succeeded is history.
create or replace function pagetide.unfinished_runs(of_run bigint) returns bigint[]
language sql stable
set search_path = pagetide, pg_temp
as $$
    select array_agg(u.id order by u.id)
    from run r
    join definition d on d.stream = r.stream and d.version = r.version
    join run u on u.stream = r.stream and u.id < r.id and u.mode = r.mode
        and (u.window_from, u.window_to) is not distinct from (r.window_from, r.window_to)
        and u.state in ('truncated', 'failed', 'cancelled', 'dead') and has_brought(u.id)
    where r.id = of_run and (r.mode = 'window' or r.mode = 'incremental'
            and (d.spec ? 'bookmark' or d.spec ? 'window' or not coalesce((d.spec ->> 'again')::boolean, false)))
        and not exists (select from run g where g.stream = r.stream and g.id > u.id and g.id < r.id
            and g.mode = r.mode and g.state = 'succeeded'
            and (g.window_from, g.window_to) is not distinct from (r.window_from, r.window_to))
        and not exists (
            select part_key(j.part), j.bookmark from run_legs(u.id) j
            except select part_key(j.part), j.bookmark from run_legs(r.id) j)
$$;

-- Before the first rows of a run that appends: the rows of those runs go, because all of their
-- records come again. Where we may not delete, the run fails.
create or replace function pagetide.remove_unfinished(target jsonb, of_run bigint) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    name text := format('%I.%I', target ->> 'schema', target ->> 'name');
    unfinished bigint[];
    removed bigint;
begin
    if target ->> 'write' is distinct from 'append' or has_brought(of_run)
        or not exists (select from run r join run u on u.stream = r.stream and u.id < r.id
            and u.state in ('truncated', 'failed', 'cancelled', 'dead') where r.id = of_run) then
        return;
    end if;
    unfinished := unfinished_runs(of_run);
    if unfinished is null then
        return;
    elsif not has_table_privilege(name, 'delete') then
        raise exception 'the rows of unfinished runs (%) must be taken out of % before their records '
            'come again, and role % may not delete there: `grant delete on % to %`',
            array_to_string(unfinished, ', '), name, quote_ident(current_user), name,
            quote_ident(current_user) using errcode = '42501';
    end if;
    execute format('delete from %s where _pt_run = any ($1)', name) using unfinished;
    get diagnostics removed = row_count;
    if removed > 0 then
        update job j set warnings = j.warnings || format('%s%s rows of unfinished runs (%s) were '
            'taken out: their records come again', target ->> 'of' || ': ', removed,
            array_to_string(unfinished, ', '))
        where j.id = (select min(o.id) from job o where o.run = of_run);
    end if;
end
$$;

-- Refuses such a table.
create or replace function pagetide.check_hidden(relation regclass) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    failure text := hidden_failure(relation);
begin
    if failure is not null then
        raise exception '%', failure using errcode = '42501';
    end if;
end
$$;

-- Merges the rows of the applied marks; nothing where the batch has no table. Where they were
-- copied into the table itself, all of them are to stay.
-- How a text is read must not depend on the database's settings.
create or replace function pagetide.merge_rows(target jsonb, marks pagetide.mark[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, MDY'
set intervalstyle = 'postgres'
as $$
declare
    numbers int[];
    runs bigint[];
    of_job bigint;
    relation regclass;
    write constant text := target ->> 'write';
    written bigint;
begin
    select array_agg(m.n), array_agg(m.run), min(m.job) into numbers, runs, of_job
    from unnest(marks) m where m.verdict = 'applied' and m.page > 0;
    if jsonb_typeof(target) = 'object' and numbers is not null then
        relation := format('%I.%I', target ->> 'schema', target ->> 'name')::regclass;
        perform check_hidden(relation);
        if write is distinct from 'replace' then
            perform hold_table(target ->> 'schema', target ->> 'name', relation, runs[1]);
        end if;
        perform remove_unfinished(target, r) from (select distinct unnest(runs) order by 1) d (r);
        if (target ->> 'direct')::boolean then
            return;
        end if;
        target := merge_target(target, runs[1]); -- a stream has one active run
        perform delete_rows(target, marks);
        perform replace_children(target, numbers);
        written := merge_stage(target, numbers, runs);
        if write is distinct from 'replace' and may_drop_rows(relation) then
            perform note_dropped(of_job, relation, dropped_rows(target, numbers, written));
        end if;
    end if;
end
$$;
