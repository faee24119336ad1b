-- Rows that a run keeps until its end. `write: history` keeps the keys that the run has seen
-- (history.sql). `write: replace`: what a run brings stands in a table of its own, pagetide.kept_RUN: the rows
-- that are kept. When the run has succeeded the stream's table becomes equal to them, in the
-- transaction that ends the run: readers see the rows of before, then those of the run. Any other
-- end leaves the table as it was.
--
--     a batch ──► merge_target ──► pagetide.kept_7        (made and widened as the table is)
--       └── rows that the table has already ──► same_rows (same.sql)
--     the run's end ──► end_kept ──► replace_rows ──► the stream's table; kept_7 is dropped
--
-- A run that may go on by `retry` keeps its rows, until another run of the stream begins, the
-- stream is dropped or reset, or `retention` is over (forget_kept, housekeep).
-- Needs clock (helpers), cast_sql, refill_column (widen), has_marks, may_drop_rows, dropped_words (merge), is_data_error (bad_rows),
-- may_go_on (orders), closes_vanished, end_history (history), key_failure (columns), same_sql, not_same, has_same (same).

-- The definition of a run at whose end its table is looked at as a whole; null: it is not.
create or replace function pagetide.kept_spec(of_run bigint) returns jsonb
language sql stable
set search_path = pagetide, pg_temp
as $$
    select d.spec from run r join definition d on d.stream = r.stream and d.version = r.version
    where r.id = of_run and d.spec ->> 'write' in ('replace', 'history')
$$;

-- Whether the end of the run needs what it has kept.
create or replace function pagetide.needs_kept(of_run bigint) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce((select spec ->> 'write' = 'replace' or closes_vanished(of_run, spec)
        from kept_spec(of_run) spec where spec is not null), false)
$$;

-- The name of the table in which the rows of a run are kept.
create or replace function pagetide.kept_name(of_run bigint) returns text
language sql immutable
as $$
    select 'kept_' || of_run
$$;

-- The rows that a run has kept; null: none.
create or replace function pagetide.kept_rows(of_run bigint) returns regclass
language sql stable
set search_path = pagetide, pg_temp
as $$
    select to_regclass('pagetide.' || kept_name(of_run))
$$;

-- Makes the table. It has no columns of records yet.
create or replace function pagetide.make_kept(of_run bigint) returns regclass
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('pagetide ' || kept_name(of_run), 0));
    execute format('create table if not exists pagetide.%I (_pt_run bigint, _pt_at timestamptz, '
        '_pt_hash bigint, _pt_aside jsonb)', kept_name(of_run));
    return kept_rows(of_run);
end
$$;

-- Columns of the batch that the kept rows lack, or have with another type than the table. `old` is
-- null for those that are lacking: rows that are kept already get `value`, as they would there.
create or replace function pagetide.kept_misfits(target jsonb, kept regclass)
returns table (name name, type text, bare text, old text, is_required boolean, value text)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select a.attname, format_type(a.atttypid, a.atttypmod)
            || case when a.attcollation <> t.typcollation
                then ' collate ' || a.attcollation::regcollation else '' end,
        format_type(a.atttypid, -1), format_type(k.atttypid, -1),
        a.attnotnull and not target ? 'deletes', pg_get_expr(d.adbin, d.adrelid)
    from jsonb_array_elements_text(target -> 'columns') with ordinality as c (name, at)
    join pg_attribute a on a.attrelid = format('%I.%I', target ->> 'schema', target ->> 'name')::regclass
        and a.attname = c.name and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum and a.attgenerated = ''
    left join pg_attribute k on k.attrelid = kept and k.attname = c.name and k.attnum > 0
        and not k.attisdropped
    where k.attname is null or (k.atttypid, k.atttypmod) <> (a.atttypid, a.atttypmod)
    order by c.at
$$;

-- What the table says of a single row must hold for the kept ones, so that a row which it would
-- refuse is found with its page. `not valid`: of rows that are there already nothing is asked. A
-- record that is `deleted` is kept too, without a hash: of such a stream nothing is asked before the
-- end.
create or replace function pagetide.add_kept_checks(target jsonb, kept regclass) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    relation regclass := format('%I.%I', target ->> 'schema', target ->> 'name')::regclass;
    c record;
begin
    for c in select o.conname, pg_get_constraintdef(o.oid) as words from pg_constraint o
        where o.conrelid = relation and o.contype = 'c' and not target ? 'deletes' and o.conkey <@ array(
                select a.attnum from pg_attribute a where a.attrelid = relation and a.attnum > 0
                    and target -> 'columns' ? a.attname::text)
            and not exists (select from pg_constraint k where k.conrelid = kept
                and k.conname = o.conname)
    loop
        execute format('alter table %s add constraint %I %s not valid', kept, c.conname,
            regexp_replace(c.words, ' NOT VALID$', ''));
    end loop;
end
$$;

-- The kept rows get the columns, types and key that the batch has in the stream's table.
create or replace function pagetide.fit_kept(target jsonb, kept regclass) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    c record;
begin
    for c in select * from kept_misfits(target, kept) loop
        if c.old is null then
            execute format('alter table %s add column if not exists %I %s %s %s', kept, c.name, c.type,
                'default ' || c.value, case when c.is_required then 'not null' end);
            -- one that names a sequence would hold the table
            execute format('alter table %s alter column %I drop default', kept, c.name);
        else
            execute format('alter table %s alter column %I type %s using %s', kept, c.name, c.type,
                cast_sql(format('%I', c.name), c.old, c.bare));
            perform refill_column(kept, c.name);
        end if;
    end loop;
    perform add_kept_checks(target, kept);
    if jsonb_path_exists(target, '$.key[*]') and not exists (select from pg_index i
        where i.indrelid = kept) then
        execute format('create unique index on %s (%s)', kept, (select string_agg(quote_ident(k), ', ')
            from jsonb_array_elements_text(target -> 'key') k));
    end if;
end
$$;

-- Where the rows of a batch go, as merge_sql takes it: to the stream's table, or for a run that
-- replaces it to those that are kept.
create or replace function pagetide.merge_target(target jsonb, of_run bigint) returns jsonb
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    if target ->> 'write' is distinct from 'replace' then
        return target;
    end if;
    perform from merge_columns(target); -- a column that is gone from the table is an error here
    perform fit_kept(target, coalesce(kept_rows(of_run), make_kept(of_run)));
    return target - 'deletes' || jsonb_build_object('schema', 'pagetide', 'name', kept_name(of_run), 'write',
        case when jsonb_path_exists(target, '$.key[*]') then 'upsert' else 'append' end);
end
$$;

-- The columns that the kept rows bring to the stream's table.
create or replace function pagetide.kept_columns(of_run bigint, of_stream text, key jsonb,
    relation regclass)
returns table (name name, is_key boolean)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select a.attname, coalesce(key ? f.field, false)
    from pg_attribute a
    left join field f on f.stream = of_stream and f.column_name = a.attname
    where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
        and (a.attname in ('_pt_run', '_pt_at', '_pt_hash', '_pt_aside') or f.field is not null)
        and (kept_rows(of_run) is null or exists (select from pg_attribute k
            where k.attrelid = kept_rows(of_run) and k.attname = a.attname and not k.attisdropped))
    order by a.attnum
$$;

-- Whether rows that a run has not brought stay, because records were rejected, which may be theirs.
-- Then the run says so. `unseen`: the condition for such a row `t`.
create or replace function pagetide.stays_for_rejects(ending bigint, relation regclass, unseen text)
returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    refused bigint := (select sum(j.rejects) from job j where j.run = ending);
    rows bigint;
begin
    if coalesce(refused, 0) = 0 then
        return false;
    end if;
    execute format('select count(*) from %s t where %s', relation, unseen) into rows;
    update run r set warnings = r.warnings || format('vanished: %s rows that the run has not '
        'brought stay, because %s records were rejected, which may be theirs', rows, refused)
    where r.id = ending and rows > 0;
    return rows > 0;
end
$$;

-- Whether rows may be deleted and inserted where they change: nobody sees a difference.
create or replace function pagetide.may_rewrite(relation regclass, names name[]) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select not exists (select from pg_constraint c where c.confrelid = relation)
        and not exists (select from pg_trigger t where t.tgrelid = relation and not t.tgisinternal)
        and not exists (select from pg_attribute a where a.attrelid = relation and a.attnum > 0
            and not a.attisdropped and a.attgenerated = '' and a.attname <> all (names)
            and a.attname <> '_pt_deleted_at')
$$;

-- Changes the rows that meet a kept one and are `other` than it. Values that swap between rows break a
-- unique index half-way: then the rows are deleted, to be inserted with those that are new.
create or replace function pagetide.change_rows(relation regclass, kept text, names name[], sets text,
    other text, out changed bigint, out again bigint)
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    again := 0;
    begin
        execute format('update %s t set %s from %s k where %s', relation, sets, kept, other);
        get diagnostics changed = row_count;
    exception when unique_violation then
        if not may_rewrite(relation, names) then
            raise;
        end if;
        execute format('delete from %s t using %s k where %s', relation, kept, other);
        get diagnostics changed = row_count;
        again := changed;
    end;
end
$$;

-- The table and what the run has brought, by keys: rows of the table, with `soft` those that are not
-- deleted; of these those that it has not seen; how many that it has found the same are there no more;
-- and how many rows the table would have. A hash may have been noted twice, if its key came twice:
-- that multiplies only rows that are not counted here.
create or replace function pagetide.compare_replaced(ending bigint, relation regclass, kept text,
    keys name[], soft boolean, out before bigint, out gone bigint, out lost bigint, out after bigint)
language plpgsql
set search_path = pagetide, pg_temp
set work_mem = '64MB'
as $$
declare
    there text := case when has_marks(relation) then 't._pt_deleted_at is null' else 'true' end;
    counted text := case when soft then there else 'true' end;
    meets text := (select string_agg(format('t.%1$I = k.%1$I', n), ' and ') from unnest(keys) n);
begin
    execute format('select count(*) filter (where s.hash is null and k.%1$I is null and %2$s), '
        '(select coalesce(sum(cardinality(n.hashes)), 0) from same_rows n where n.run = $1) - count(s.hash) '
        'from %3$s t left join %4$s s on s.hash = t._pt_hash and %5$s left join %6$s k on %7$s',
        keys[1], counted, relation, same_sql(ending), there, kept, meets) into gone, lost using ending;
    execute format('select count(*) from %s t where %s', relation, counted) into before;
    execute format('select $1 - $2 - count(*) from %s t join %s k on %s where %s', relation, kept, meets,
        counted) into after using before, gone;
    after := after + count_rows(kept);
end
$$;

-- Makes the table equal to the kept rows by their keys. Rows whose hash is the same stay as they
-- are. `kept`: a table, or a subquery. Soft: what has vanished stays, with the time. `has_gone`: has
-- anything?
create or replace function pagetide.replace_by_key(ending bigint, relation regclass, kept text,
    names name[], keys name[], soft boolean, has_gone boolean, out added bigint, out changed bigint,
    out deleted bigint)
language plpgsql
set search_path = pagetide, pg_temp
set work_mem = '64MB'
as $$
declare
    meets text := (select string_agg(format('t.%1$I = k.%1$I', n), ' and ') from unnest(keys) n);
    list text := (select string_agg(quote_ident(n), ', ') from unnest(names) n);
    gone text := format('%snot exists (select from %s k where %s) and %s', case when soft then
        't._pt_deleted_at is null and ' end, kept, meets, not_same(ending));
    unseen text := format('%s and not exists (select from %s k where %s)', gone,
        coalesce(kept_rows(ending)::text, kept), meets);
    again bigint; -- rows that are there already, and are inserted
begin
    deleted := 0;
    if has_gone then
        if stays_for_rejects(ending, relation, unseen) then
            gone := format('%s and not (%s)', gone, unseen);
        end if;
        execute format(case when soft then 'update %s t set _pt_deleted_at = pagetide.clock() where %s'
            else 'delete from %s t where %s' end, relation, gone);
        get diagnostics deleted = row_count;
    end if;
    select c.changed, c.again into changed, again from change_rows(relation, kept, names,
        (select string_agg(format('%1$I = k.%1$I', n), ', ') from unnest(names) n where n <> all (keys))
            || case when has_marks(relation) then ', _pt_deleted_at = null' else '' end,
        format('%s and (t._pt_hash is distinct from k._pt_hash%s)', meets,
            case when has_marks(relation) then ' or t._pt_deleted_at is not null' end)) c;
    execute format('insert into %s (%s) overriding system value select %s from %s k where not exists (select from %s t '
        'where %s)', relation, list, list, kept, relation, meets);
    get diagnostics added = row_count;
    added := added - again;
end
$$;

-- The same without a key: as many rows of each hash as there are kept ones.
create or replace function pagetide.replace_by_hash(relation regclass, kept text, names name[],
    out added bigint, out changed bigint, out deleted bigint)
language plpgsql
set search_path = pagetide, pg_temp
set work_mem = '64MB'
as $$
declare
    list text := (select string_agg(quote_ident(n), ', ') from unnest(names) n);
begin
    execute format('delete from %1$s where (tableoid, ctid) in (select t.tableoid, t.ctid '
        'from (select tableoid, ctid, _pt_hash, row_number() over (partition by _pt_hash) as n '
            'from %1$s) t '
        'left join (select _pt_hash, count(*) as n from %2$s k group by _pt_hash) k '
            'on k._pt_hash = t._pt_hash '
        'where t.n > coalesce(k.n, 0))', relation, kept);
    get diagnostics deleted = row_count;
    execute format('insert into %1$s (%3$s) overriding system value select %3$s '
        'from (select *, row_number() over (partition by _pt_hash) as _pt_n from %2$s k) k '
        'left join (select _pt_hash as _pt_same, count(*) as _pt_there from %1$s group by 1) t '
            'on t._pt_same = k._pt_hash '
        'where k._pt_n > coalesce(t._pt_there, 0)', relation, kept, list);
    get diagnostics added = row_count;
    changed := 0;
end
$$;

-- Why so many rows in place of so many are not believed, or null: fewer than `shrink_guard` says.
create or replace function pagetide.shrink_failure(before bigint, after bigint, share text)
returns text
language sql immutable
as $$
    select format('the run has %s rows, less than %s of the %s in the table (shrink_guard): they '
            'stay as they are', after, share, before)
    where after * 100 < before * rtrim(share, '%')::numeric
$$;

-- The run has failed after all.
create or replace function pagetide.fail_run(ending bigint, why text, words text) returns text
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update run r set state = 'failed', reason = why, error = words where r.id = ending
    returning r.state
$$;

-- How many rows there are.
create or replace function pagetide.count_rows(of_rows text) returns bigint
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    count bigint;
begin
    execute format('select count(*) from %s k', of_rows) into count;
    return count;
end
$$;

-- Why the table cannot be made equal to what the run has brought, or null: somebody has changed rows
-- that the run had found the same, and their records were not kept.
create or replace function pagetide.same_failure(lost bigint) returns text
language sql immutable
as $$
    select format('%s rows that the run found unchanged have been changed or deleted by somebody else '
        'before its end: the next run brings them again', lost) where lost > 0
$$;

-- How many rows are not there as the run has kept them, or are though it has not brought them, where a
-- trigger or a rule may be the reason. `compared`: compare_replaced, before; `deleted`: rows that went.
create or replace function pagetide.dropped_replaced(ending bigint, relation regclass, kept text,
    keys name[], compared record, deleted bigint) returns bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    dropped bigint;
begin
    if not may_drop_rows(relation) then
        return 0;
    elsif keys is null then
        return abs(count_rows(relation::text) - compared.after);
    end if;
    execute format('select count(*) from %s k where not exists (select from %s t where %s '
        'and t._pt_hash is not distinct from k._pt_hash)', kept, relation,
        (select string_agg(format('t.%1$I = k.%1$I', n), ' and ') from unnest(keys) n)) into dropped;
    return dropped + case when exists (select from job j where j.run = ending and j.rejects > 0) then 0
        else compared.gone - deleted end;
end
$$;

-- Makes the table equal to what the run has kept, or says why not. Returns the state of the run.
create or replace function pagetide.replace_rows(ending bigint, of_stream text, spec jsonb)
returns text
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    relation regclass := to_regclass(format('%I.%I', spec ->> 'schema', spec ->> 'table'));
    kept text := format('(select * from %s where _pt_hash is not null)', coalesce(
        kept_rows(ending)::text, format('(select * from %s limit 0) none', relation)));
    soft boolean := coalesce(spec ->> 'deletes' = 'soft', false);
    keys name[];
    names name[];
    compared record;
    rows record;
    dropped bigint;
    failure text;
begin
    if relation is null then
        return case when kept_rows(ending) is null then 'succeeded' else fail_run(ending, 'definition',
            format('table %s.%s is gone', spec ->> 'schema', spec ->> 'table')) end;
    end if;
    execute format('lock table %s in share row exclusive mode', relation);
    failure := key_failure(of_stream, spec -> 'key', relation);
    if failure is not null then
        return fail_run(ending, 'definition', failure);
    end if;
    select array_agg(c.name), array_agg(c.name) filter (where c.is_key) into names, keys
    from kept_columns(ending, of_stream, spec -> 'key', relation) c;
    if keys is null then
        select count_rows(relation::text) as before, 0::bigint as lost, count_rows(kept) as after into compared;
    else
        compared := compare_replaced(ending, relation, kept, keys, soft);
    end if;
    failure := same_failure(compared.lost);
    if failure is not null then
        return fail_run(ending, 'server', failure);
    end if;
    failure := shrink_failure(compared.before, compared.after, coalesce(spec ->> 'shrink_guard', '50%'));
    if failure is not null then
        return fail_run(ending, 'shrink', failure);
    elsif keys is null then
        rows := replace_by_hash(relation, kept, names);
    else
        rows := replace_by_key(ending, relation, kept, names, keys, soft, compared.gone > 0);
    end if;
    set constraints all immediate;
    dropped := dropped_replaced(ending, relation, kept, keys, compared, rows.deleted);
    update run r set added = rows.added, changed = rows.changed, deleted = rows.deleted,
        warnings = r.warnings || case when dropped > 0
            then array[dropped_words(relation, dropped)] else '{}' end
    where r.id = ending;
    return 'succeeded';
end
$$;

-- The table may have been changed since the last batch.
create or replace function pagetide.refit_kept(ending bigint, of_stream text, spec jsonb)
returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select fit_kept(jsonb_build_object('schema', spec ->> 'schema', 'name', spec ->> 'table',
        'deletes', true, 'columns', (select jsonb_agg(c.name) from kept_columns(ending, of_stream,
            spec -> 'key', p.relation) c where c.name not like '\_pt\_%')), kept_rows(ending))
    from to_regclass(format('%I.%I', spec ->> 'schema', spec ->> 'table')) p (relation)
    where p.relation is not null and kept_rows(ending) is not null
$$;

-- The same; a table that does not take the rows fails the run.
create or replace function pagetide.try_replace(ending bigint, of_stream text, spec jsonb)
returns text
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    context text;
begin
    perform refit_kept(ending, of_stream, spec);
    return replace_rows(ending, of_stream, spec);
exception when others then
    get stacked diagnostics context = pg_exception_context;
    if not is_data_error(sqlstate, context) then
        raise;
    end if;
    return fail_run(ending, 'rejects', format('the table does not take the rows of the run: %s',
        sqlerrm));
end
$$;

-- The end of a run that replaces its table: that is done, or said not to be. Returns the state of the
-- run.
create or replace function pagetide.end_replace(ending bigint, of_stream text, spec jsonb, ended text)
returns text
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update run set warnings = array(select w from unnest(warnings) w where w not like 'replace: %')
    where id = ending;
    if ended = 'succeeded' then
        ended := try_replace(ending, of_stream, spec);
    end if;
    if ended <> 'succeeded' then
        update run set warnings = warnings
            || format('replace: the table stays as it was: run %s has not succeeded', ending)
        where id = ending;
    end if;
    return ended;
end
$$;

-- The end of a run that replaces or keeps a history, once it is known how its jobs have ended: what is done
-- to its table as a whole. Returns the state of the run.
create or replace function pagetide.end_kept(ending bigint, of_stream text, spec jsonb, ended text)
returns text
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    ended := case spec ->> 'write' when 'replace' then end_replace(ending, of_stream, spec, ended)
        else end_history(ending, of_stream, spec, ended) end;
    if not exists (select from job j where j.run = ending and may_go_on(j))
        or exists (select from stream s where s.name = of_stream and s.removed_at is not null) then
        execute format('drop table if exists pagetide.%I', kept_name(ending));
        delete from same_rows s where s.run = ending;
    end if;
    return ended;
end
$$;

-- The tables of kept rows. There are few, while a stream may have very many runs.
create or replace function pagetide.kept_tables() returns table (name name, run bigint)
language sql stable rows 2
set search_path = pagetide, pg_temp
as $$
    select c.relname, substr(c.relname, 6)::bigint from pg_class c
    where c.relnamespace = 'pagetide'::regnamespace and c.relkind = 'r' and c.relname ~ '^kept_[0-9]+$'
$$;

-- Kept rows of the stream's runs before `newest`, or null for all: nobody goes on with them.
create or replace function pagetide.forget_kept(of_stream text, newest bigint) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    old name;
begin
    delete from same_rows s using run r
    where r.id = s.run and r.stream = of_stream and (newest is null or r.id < newest);
    for old in select k.name from kept_tables() k join run r on r.id = k.run
        where r.stream = of_stream and (newest is null or r.id < newest)
    loop
        execute format('drop table if exists pagetide.%I', old);
    end loop;
end
$$;

-- Kept rows that nobody goes on with: their run is not known any more, is not the newest of its
-- stream, or has ended before `retention`.
create or replace function pagetide.clear_kept(retention interval) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    old name;
begin
    delete from same_rows s using run r where r.id = s.run and (r.finished_at < clock() - retention
        or r.id < (select max(n.id) from run n where n.stream = r.stream));
    for old in select k.name from kept_tables() k left join run r on r.id = k.run
        where r.id is null or r.finished_at < clock() - retention
            or r.id < (select max(n.id) from run n where n.stream = r.stream)
    loop
        execute format('drop table if exists pagetide.%I', old);
    end loop;
end
$$;

-- Whether a run has stored rows that are not kept any more, and needs them at its end: it cannot go
-- on.
create or replace function pagetide.has_lost_kept(of_run bigint) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select needs_kept(of_run) and kept_rows(of_run) is null and not has_same(of_run)
        and exists (select from job j where j.run = of_run and j.records > j.rejects)
$$;
