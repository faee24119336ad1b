-- Rejected records, loaded again (`pagetide rejects RUN --replay`, worker/replay/). A client cuts
-- them by the definition in force and copies the rows to a staging table; what is stored, and which
-- rejects go, is decided here, in one transaction for each batch.
-- Needs lock_jobs (helpers), active_run (runs), merge_columns, unfinished_runs (merge), try_rows
-- (bad_rows), save_notes (progress), add_counts (misfits), reads_all, refresh_run (run_end).

-- Why nothing of a run can be loaded again, or null. Of a stream that appends, a run which did not
-- succeed and whose records a newer one has read again is done with: they would be there twice.
create or replace function pagetide.replay_refusal(of_run bigint, write text) returns text
language plpgsql volatile
set search_path = pagetide, pg_temp
as $$
declare
    r run;
    other bigint;
begin
    select * into r from run where id = of_run;
    if not found then
        return format('there is no run %s', of_run);
    end if;
    other := active_run(r.stream);
    if other is not null then
        return format('run %s of %s is under way: wait for its end, or cancel it', other, r.stream);
    elsif write not in ('append', 'upsert') then
        return format('%s is written by `%s`: its next run brings what the table is to hold', r.stream,
            write);
    end if;
    select n.id into other from run n where n.stream = r.stream and n.id > r.id
        and has_brought(n.id) and r.id = any (unfinished_runs(n.id)) limit 1;
    if write = 'append' and found then
        return format('run %s has read the records of run %s again: they would be there twice',
            other, of_run);
    end if;
    return null;
end
$$;

-- The rejects of a run before `below`, the newest first; null: from the newest on. With what
-- expressions may know of their job. Those of one table: null is the stream's own.
create or replace function pagetide.replay_list(of_run bigint, below bigint, most int,
    of_table text default null)
returns table (id bigint, job bigint, page int, "position" bigint, record text, added text, part jsonb,
    bookmark text, mode text, window_from text, window_to text, started_us bigint)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select q.id, q.job, q.page, q.position, encode(q.record, 'hex'), q.added, p.part,
        coalesce(l.bookmark, j.bookmark),
        r.mode, coalesce(p.part -> 'window' ->> 'from', rfc3339(r.window_from)),
        coalesce(p.part -> 'window' ->> 'to', rfc3339(r.window_to)),
        (extract(epoch from coalesce(r.started_at, r.created_at)) * 1000000)::bigint
    from reject q join job j on j.id = q.job join run r on r.id = q.run
    left join page g on g.job = q.job and g.number = q.page and q.leg is null
    left join job_leg l on l.job = q.job and l.n = coalesce(q.leg, g.leg)
    cross join lateral (select coalesce(l.part, j.part) as part) p
    where q.run = of_run and (below is null or q.id < below)
        and q.of_table is not distinct from replay_list.of_table
    order by q.id desc limit most
$$;

-- The run after `of_run` that has read everything the stream has, or null: what it brought is newer
-- than any record of `of_run`, also where a row was left as it was because it had not changed.
create or replace function pagetide.read_since(of_run bigint) returns bigint
language sql stable
set search_path = pagetide, pg_temp
as $$
    select max(n.id) from run r join run n on n.stream = r.stream and n.id > r.id
    where r.id = of_run and reads_all(n.id)
        and exists (select from job j where j.run = n.id and j.page > 0)
$$;

-- Staged rows of an upsert that must not be stored, by their mark: a row of the same key is newer, or
-- a later one is staged beside it, or the record says that its row is gone. A row of the same run
-- counts as newer.
create or replace function pagetide.replay_outdated(target jsonb, of_run bigint)
returns table (n int, reason text)
language plpgsql stable
set search_path = pagetide, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, MDY'
set intervalstyle = 'postgres'
as $$
declare
    full_run bigint := read_since(of_run);
    here text;
    later text;
begin
    if jsonb_path_exists(target, '$.parent_key[*]') then
        -- What a parent has now may be less.
        return query execute format('select distinct s._pt_mark::int, ''run '' || $1 || '' is newer: its '
            'parent may have other rows by now'' from pg_temp.%I s where $1 is not null',
            target ->> 'stage') using (select max(n.id) from run r join run n on n.stream = r.stream
                and n.id > r.id and n.records > 0 where r.id = of_run);
    end if;
    if target ->> 'write' <> 'upsert' then
        return;
    end if;
    select string_agg(format('t.%I = %s', c.name, c.value), ' and '),
        string_agg(c.value, ', ')
    into here, later from merge_columns(target) c where c.is_key;
    return query execute format('select d.n, d.reason from (select s._pt_mark::int as n, case '
        'when s._pt_hash is null then ''it says that its row is gone (deleted): nothing to load'' '
        'when t._pt_run >= $1 then ''the row of its key is newer: run '' || t._pt_run '
        'when t.ctid is not null and $2 is not null then ''run '' || $2 || '' has read all records '
        'since: the row of its key is newer'' when s._pt_ord < max(s._pt_ord) over (partition by %s) '
        'then ''a later record of its key is loaded again with it'' end as reason '
        'from pg_temp.%I s left join %I.%I t on %s) d where d.reason is not null', later,
        target ->> 'stage', target ->> 'schema', target ->> 'name', here) using of_run, full_run;
end
$$;

-- Merges the staged rows of these marks; those that PostgreSQL refuses are returned.
create or replace function pagetide.replay_merge(target jsonb, numbers int[], of_run bigint)
returns table (n int, reason text)
language plpgsql
set search_path = pagetide, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, MDY'
set intervalstyle = 'postgres'
as $$
declare
    last bigint;
    bad bad_row[];
begin
    execute format('select coalesce(max(_pt_ord), -1) from pg_temp.%I', target ->> 'stage') into last;
    execute format('create temp table _pt_probe on commit drop as '
        'select * from pg_temp.%I with no data', target ->> 'stage');
    bad := array(select t from try_rows(target, numbers,
        array_fill(of_run, array[cardinality(numbers)]), 0, last) t);
    return query execute format('select s._pt_mark::int, b.reason from unnest($1) b '
        'join pg_temp.%I s on s._pt_ord = b.ord', target ->> 'stage') using bad;
end
$$;

-- The stored records are no rejects any more: their jobs' counts follow, and what the run says.
create or replace function pagetide.replay_counts(of_run bigint, of_table text, gone jsonb)
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update job j set
        rejects = j.rejects - case when of_table is null then g.count else 0 end,
        records = j.records - case when of_table is null then g.left_out else 0 end,
        table_rejects = case when of_table is null then j.table_rejects
            else add_counts(j.table_rejects, jsonb_build_object(of_table, -g.count)) end,
        tables = case when of_table is null then j.tables
            else add_counts(j.tables, jsonb_build_object(of_table, -g.left_out)) end,
        asides = j.asides + g.asides
    from (select q.job, count(*) as count, sum((not q.is_stored)::int) as left_out,
            sum(coalesce(q.asides, 0)) as asides
        from jsonb_to_recordset(gone) as q (job bigint, is_stored boolean, asides bigint)
        group by q.job) g
    where j.id = g.job;
    perform save_notes(array(select m from jsonb_populate_recordset(null::mark, gone) m
        where m.aside_columns is not null));
    perform refresh_run(of_run);
end
$$;

-- batch: {run, of_table, table: as in commit_batch, items: [{id, reason, is_left_out, asides, aside_columns,
-- aside_notes}]}, an item for each mark. `reason`: it could not be cut; `is_left_out`: `where` does
-- not want it any more. A reject that is gone (another replay was first) is passed over.
create or replace function pagetide.replay_batch(batch jsonb)
returns table (refusal text, stored bigint, left_out bigint, kept bigint)
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    of_run bigint := (batch ->> 'run')::bigint;
    target jsonb := batch -> 'table';
    numbers int[];
begin
    perform lock_jobs(array(select j.id from job j where j.run = of_run));
    -- No run of the stream begins before this is over (start_run).
    perform from stream s where s.name = (select r.stream from run r where r.id = of_run) for update;
    refusal := replay_refusal(of_run, batch ->> 'write');
    if refusal is not null then
        return next;
        return;
    end if;
    create temp table _pt_replay on commit drop as
        select (i.at - 1)::int as n, q.id, q.job, q.page, q.position, i.item ->> 'reason' as reason,
            coalesce((i.item ->> 'is_left_out')::boolean, false) as is_left_out, i.item
        from jsonb_array_elements(batch -> 'items') with ordinality as i (item, at)
        join reject q on q.id = (i.item ->> 'id')::bigint and q.run = of_run;
    if jsonb_typeof(target) = 'object' then
        update pg_temp._pt_replay p set reason = o.reason from replay_outdated(target, of_run) o
        where o.n = p.n;
        numbers := array(select p.n from pg_temp._pt_replay p
            where p.reason is null and not p.is_left_out order by p.n);
        update pg_temp._pt_replay p set reason = b.reason
        from replay_merge(target, numbers, of_run) b where b.n = p.n;
    end if;
    delete from reject q using pg_temp._pt_replay p where q.id = p.id and p.reason is null;
    update reject q set reason = p.reason from pg_temp._pt_replay p where q.id = p.id;
    perform replay_counts(of_run, batch ->> 'of_table', coalesce((select jsonb_agg(p.item || jsonb_build_object(
        'job', p.job, 'page', p.page, 'is_stored', not p.is_left_out, 'verdict', 'applied'))
        from pg_temp._pt_replay p where p.reason is null), '[]'));
    return query select null::text, count(*) filter (where p.reason is null and not p.is_left_out),
        count(*) filter (where p.reason is null and p.is_left_out),
        count(*) filter (where p.reason is not null) from pg_temp._pt_replay p;
end
$$;
