-- `write: history`: a row for each version of a record, from the start of the run that saw it first
-- (`_pt_from`) to the start of the run that saw another one, or none (`_pt_to`). One row of a key is
-- the current one (`_pt_current`).
--
-- Of a key that comes more than once in a run only the last record counts, whichever pages and
-- batches they come in: what the run has done to the key before is taken back first.
-- Needs merge_columns, has_marks (merge), kept_rows, kept_name, make_kept, fit_kept, shrink_failure,
-- fail_run, stays_for_rejects (replace), reads_all (run_end), replace_key_index,
-- key_failure (columns), owner_stream (tables), is_data_error (bad_rows).

-- Rows that are no version yet, of before or of an upsert in between, are current ones. Rows that
-- are marked as deleted have ended then.
create or replace function pagetide.begin_history(relation regclass) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    gone text := case when has_marks(relation) then '_pt_deleted_at' else 'null::timestamptz' end;
begin
    execute format('update %1$s set _pt_from = coalesce(_pt_from, _pt_at, pagetide.clock()), '
        '_pt_to = %2$s, _pt_current = %2$s is null '
        'where _pt_current is null or _pt_current and %2$s is not null', relation, gone);
end
$$;

-- Its columns that a table has not.
create or replace function pagetide.lacking_versions(relation regclass) returns text[]
language sql stable
set search_path = pagetide, pg_temp
as $$
    select array(select n from unnest('{_pt_from,_pt_to,_pt_current}'::text[]) n
        where not exists (select from pg_attribute a where a.attrelid = relation and a.attname = n
            and not a.attisdropped))
$$;

-- Why a table that was a history cannot go on as one; null where it can, and for one that is not there.
create or replace function pagetide.history_failure(of_owner text, keys jsonb, relation regclass)
returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce(key_failure(of_owner, keys, relation), (
        select format('%s of %s is gone, which a history needs: add it again with the values that it '
            'had, or let `pagetide reset %s --drop-table --yes` make the table anew',
            array_to_string(l.lacking, ', '), relation, owner_stream(of_owner))
        from lacking_versions(relation) l (lacking) where cardinality(l.lacking) > 0))
    where relation is not null
$$;

-- The table gets its columns, and the index that lets a key have one current row. Where some of them
-- were dropped, nobody knows any more which version was there when.
create or replace function pagetide.add_history(plan jsonb) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    relation regclass := format('%I.%I', plan ->> 'schema', plan ->> 'table')::regclass;
    names text[];
    lacking text[] := lacking_versions(relation);
begin
    if cardinality(lacking) = 3 then
        execute format('alter table %s add column _pt_from timestamptz, '
            'add column _pt_to timestamptz, add column _pt_current boolean', relation);
    elsif cardinality(lacking) > 0 then
        raise exception '%', history_failure(plan ->> 'stream', '[]', relation) using errcode = 'PT022';
    end if;
    select array_agg(f.column_name order by k.at) into names
    from jsonb_array_elements_text(plan -> 'key') with ordinality as k (field, at)
    join field f on f.stream = plan ->> 'stream' and f.field = k.field;
    if cardinality(names) = jsonb_array_length(plan -> 'key')
        and not has_current_index(relation, names) then
        perform begin_history(relation);
        perform replace_key_index(plan, relation, names, ' where _pt_current');
    end if;
end
$$;

-- Whether a key of these columns can have only one current row.
create or replace function pagetide.has_current_index(relation regclass, names text[])
returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from pg_index i where i.indrelid = relation and i.indisunique
        and i.indisvalid and i.indexprs is null and pg_get_expr(i.indpred, relation) = '_pt_current'
        and (select array_agg(c order by c) from unnest(i.indkey[0:i.indnkeyatts - 1]) c)
            = array(select a.attnum from pg_attribute a where a.attrelid = relation
                and a.attname::text = any (names) and not a.attisdropped order by a.attnum))
$$;

-- `t.key = l.key` for all columns of the key.
create or replace function pagetide.key_match(target jsonb) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select string_agg(format('t.%1$I = l.%1$I', c.name), ' and ' order by c.at)
    from merge_columns(target) c where c.is_key
$$;

-- The last row of each key in the staging table ($1: the marks) that is not what the table has now.
create or replace function pagetide.last_sql(target jsonb) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('select l.* from (select distinct on (%1$s) %2$s, s._pt_ord, s._pt_hash, '
        'nullif(s._pt_aside::text, '''')::jsonb as _pt_aside from pg_temp.%3$I s '
        'where s._pt_mark = any ($1) order by %1$s, s._pt_ord desc) l '
        'left join %4$I.%5$I t on %6$s and t._pt_current '
        'where case when t._pt_current then coalesce(t._pt_hash, 0) end is distinct from l._pt_hash',
        string_agg(c.value, ', ' order by c.at) filter (where c.is_key),
        string_agg(format('%s as %I', c.value, c.name), ', ' order by c.at), target ->> 'stage',
        target ->> 'schema', target ->> 'name', key_match(target))
    from merge_columns(target) c
$$;

-- Those rows, in a table of this transaction.
create or replace function pagetide.stage_last(target jsonb, numbers int[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    if to_regclass('pg_temp._pt_last') is not null then
        drop table pg_temp._pt_last;
    end if;
    execute replace(format('create temp table _pt_last on commit drop as %s with no data',
        last_sql(target)), '($1)', '(null::int[])');
    execute format('insert into pg_temp._pt_last %s', last_sql(target)) using numbers;
end
$$;

-- Whether two rows have the same values: a hash is another one too where the table has got a column.
create or replace function pagetide.same_values(target jsonb) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('l._pt_hash is not null and (%s, t._pt_aside) is not distinct from (%s, l._pt_aside)',
        string_agg(format('t.%I::text', c.name), ', ' order by c.at),
        string_agg(format('l.%I::text', c.name), ', ' order by c.at))
    from merge_columns(target) c
$$;

-- The keys that a run has seen, where those that it has not seen are closed at its end.
create or replace function pagetide.keep_keys(target jsonb, numbers int[], of_run bigint) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    keys jsonb := target || jsonb_build_object('columns', target -> 'key');
begin
    if not needs_kept(of_run) then
        return;
    end if;
    perform fit_kept(keys, coalesce(kept_rows(of_run), make_kept(of_run)));
    execute (select format('insert into pagetide.%I (%s, _pt_hash) select distinct %s, 0 '
            'from pg_temp.%I s where s._pt_mark = any ($1) on conflict do nothing',
            kept_name(of_run), string_agg(quote_ident(c.name), ', ' order by c.at),
            string_agg(c.value, ', ' order by c.at), target ->> 'stage')
        from merge_columns(keys) c) using numbers;
end
$$;

-- Merges the staged rows of these marks. Batches of one table come one after another.
create or replace function pagetide.merge_history(target jsonb, numbers int[], of_run bigint)
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    name text := format('%I.%I', target ->> 'schema', target ->> 'name');
    meets text := key_match(target);
    names text := (select string_agg(format('%I', c.name), ', ' order by c.at)
        from merge_columns(target) c);
    since timestamptz := (select r.started_at from run r where r.id = of_run);
begin
    if meets is null then
        raise exception 'history without a key' using errcode = 'PT004';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('pagetide history ' || name, 0));
    perform keep_keys(target, numbers, of_run);
    perform stage_last(target, numbers);
    execute format('delete from %s t using pg_temp._pt_last l where %s and t._pt_run = $1 '
        'and t._pt_from = $2', name, meets) using of_run, since;
    execute format('update %s t set _pt_to = null, _pt_current = true from pg_temp._pt_last l '
        'where %s and t._pt_to = $1', name, meets) using since;
    execute format('update %s t set _pt_hash = l._pt_hash from pg_temp._pt_last l where %s '
        'and t._pt_current and %s', name, meets, same_values(target));
    execute format('update %s t set _pt_to = $1, _pt_current = false from pg_temp._pt_last l '
        'where %s and t._pt_current and coalesce(t._pt_hash, 0) is distinct from l._pt_hash',
        name, meets) using since;
    execute format('insert into %s (%s, _pt_run, _pt_at, _pt_hash, _pt_aside, _pt_from, _pt_current) '
        'overriding system value select %s, $1, pagetide.clock(), l._pt_hash, l._pt_aside, $2, true from pg_temp._pt_last l '
        'where l._pt_hash is not null and not exists (select from %s t where %s and t._pt_current) '
        'order by l._pt_ord', name, names, (select string_agg(format('l.%I', c.name), ', ' order by c.at)
            from merge_columns(target) c), name, meets) using of_run, since;
end
$$;

-- Whether keys that the run has not seen are closed: only where it reads all there is.
create or replace function pagetide.closes_vanished(of_run bigint, spec jsonb) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select spec ->> 'write' = 'history' and coalesce(spec ->> 'deletes', 'close') = 'close'
        and reads_all(of_run)
$$;

-- Closes the rows of keys that the run has not seen, or says why not. Returns the state of the run.
create or replace function pagetide.close_vanished(ending bigint, relation regclass, keys name[],
    share text) returns text
language plpgsql
set search_path = pagetide, pg_temp
set work_mem = '64MB'
as $$
declare
    vanished text := format('t._pt_current and not exists (select from %s k where %s)',
        coalesce(kept_rows(ending)::text, format('(select * from %s limit 0)', relation)),
        (select string_agg(format('t.%1$I = k.%1$I', n), ' and ') from unnest(keys) n));
    failure text;
begin
    execute format('select pagetide.shrink_failure(count(*), count(*) - count(*) filter (where %s), $1) '
        'from %s t where t._pt_current', vanished, relation) into failure using share;
    if failure is not null then
        return fail_run(ending, 'shrink', failure);
    elsif stays_for_rejects(ending, relation, vanished) then
        return 'succeeded';
    end if;
    execute format('update %s t set _pt_to = (select r.started_at from pagetide.run r where r.id = $1), '
        '_pt_current = false where %s', relation, vanished) using ending;
    return 'succeeded';
end
$$;

-- The same; a table that does not let versions end fails the run.
create or replace function pagetide.try_close(ending bigint, relation regclass, keys name[], share text)
returns text
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    context text;
begin
    return close_vanished(ending, relation, keys, share);
exception when others then
    get stacked diagnostics context = pg_exception_context;
    if not is_data_error(sqlstate, context) then
        raise;
    end if;
    return fail_run(ending, 'rejects', format('the table does not take the end of its versions: %s', sqlerrm));
end
$$;

-- Versions that the run has begun and closed.
create or replace function pagetide.count_history(ending bigint, relation regclass, keys name[])
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    since timestamptz := (select r.started_at from run r where r.id = ending);
    opened bigint;
    closed bigint;
    replaced bigint;
begin
    execute format('select count(*) filter (where t._pt_from = $1 and t._pt_run = $2), '
        'count(*) filter (where t._pt_to = $1), count(*) filter (where t._pt_to = $1 and exists ('
        'select from %1$s l where %2$s and l._pt_from = $1 and l._pt_run = $2 and l._pt_current)) '
        'from %1$s t where t._pt_from = $1 or t._pt_to = $1', relation,
        (select string_agg(format('t.%1$I = l.%1$I', n), ' and ') from unnest(keys) n))
        into opened, closed, replaced using since, ending;
    update run r set added = opened - replaced, changed = replaced, deleted = closed - replaced
    where r.id = ending;
end
$$;

-- The end of a run: what has vanished is closed, and what has become of the table is counted. Returns
-- the state of the run.
create or replace function pagetide.end_history(ending bigint, of_stream text, spec jsonb, ended text)
returns text
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    relation regclass := to_regclass(format('%I.%I', spec ->> 'schema', spec ->> 'table'));
    keys name[] := array(select f.column_name from field f
        where f.stream = of_stream and spec -> 'key' ? f.field);
    failure text := history_failure(of_stream, spec -> 'key', relation);
begin
    if failure is not null then
        return case when ended = 'succeeded' then fail_run(ending, 'definition', failure) else ended end;
    elsif relation is null or cardinality(keys) = 0 then
        return ended;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('pagetide history '
        || format('%I.%I', spec ->> 'schema', spec ->> 'table'), 0));
    if ended = 'succeeded' and closes_vanished(ending, spec) then
        ended := try_close(ending, relation, keys, coalesce(spec ->> 'shrink_guard', '50%'));
    end if;
    perform count_history(ending, relation, keys);
    return ended;
end
$$;
