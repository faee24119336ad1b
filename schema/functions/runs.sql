-- How a run begins, and how to find and lock the active run of a stream.
-- Needs clock, lock_jobs (helpers), spec_parts, part_key (definitions), forget_lost_table (columns),
-- appending, has_brought, owner_stream, lacks_table (tables), finish_run (run_end), forget_kept (replace), part_windows, future_words, idle_end (windows),
-- has_listing, put_listing (partitions), legs_per_job (legs).

-- Tells all that LISTEN to the channel pagetide.
create or replace function pagetide.notify_run(of_run bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select pg_notify('pagetide',
        json_build_object('run', r.id, 'stream', r.stream, 'state', r.state)::text)
    from run r where r.id = of_run
$$;

-- The run of the stream that is not over, or null.
create or replace function pagetide.active_run(of_stream text) returns bigint
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select r.id from run r where r.stream = of_stream and r.state in ('queued', 'running')
$$;

-- The active run, locked: it cannot end before this transaction does, so that a request which
-- it must start at its end is there by then. Waits for a run that is just ending.
create or replace function pagetide.lock_active_run(of_stream text) returns bigint
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select r.id from run r
    where r.stream = of_stream and r.state in ('queued', 'running') for update
$$;

-- Locks the run and all its jobs, for a caller that may end it. False where `active` is not the
-- stream's active run any more.
create or replace function pagetide.lock_whole_run(active bigint, of_stream text) returns boolean
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select lock_jobs(array(select j.id from job j where j.run = active));
    select coalesce(lock_active_run(of_stream) = active, false);
$$;

-- Whether an expression of a definition looks at the window. Also in C: names.c (config) sets
-- `uses_window`; tests/tables/rules/windows.txt is run against both.
create or replace function pagetide.names_window(spec jsonb) returns boolean
language sql immutable
as $$
    select spec::text ~ '\{\{[^}]*\mwindow\M'
$$;

-- Warns of a window in which no expression looks, because the definition has changed since the
-- run was asked for.
create or replace function pagetide.window_warnings(with_mode text, spec jsonb) returns text[]
language sql immutable
as $$
    select case when with_mode = 'window' and not pagetide.names_window(spec)
        then array['no expression uses window.start or window.end: the window is not asked for']
        else '{}' end
$$;

-- Whether a request of the definition begins where the last run ended.
create or replace function pagetide.asks_by_bookmark(spec jsonb) returns boolean
language sql immutable
as $$
    select spec ? 'window'
        or spec ? 'bookmark' and (spec - 'bookmark')::text ~ '\{\{[^}]*\mbookmark\M'
$$;

-- Whether the owner's table holds rows of a run that succeeded, or that nobody knows any more. Rows
-- of the others are taken out before the next run's first ones (remove_unfinished). While the run
-- that made the table is known all of them are, and where none has succeeded the table is not read.
create or replace function pagetide.has_stored(of_owner text) returns boolean
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    of_stream constant text := owner_stream(of_owner);
    name regclass;
    since timestamptz;
    found_any boolean;
begin
    select to_regclass(format('%I.%I', t.schema_name, t.table_name)), t.at into name, since
    from target t where t.stream = of_owner;
    if name is null or exists (select from run r where r.stream = of_stream and r.created_at <= since)
        and not exists (select from run r where r.stream = of_stream and r.state = 'succeeded'
            and has_brought(r.id)) then
        return false;
    end if;
    execute format('select exists (select from %s t where t._pt_run is not null and not exists ('
        'select from run r where r.id = t._pt_run and r.state <> ''succeeded''))', name)
        into found_any;
    return found_any;
exception when undefined_column or insufficient_privilege then
    return false;
end
$$;

-- Why a run would store records that are in the table already, or null. The one place of the rule:
-- `sync`, reload messages and ticks ask here. A run whose requests name the bookmark asks for what
-- is new; windows ask for their own part, so they may not overlap.
create or replace function pagetide.append_refusal(d pagetide.definition, with_mode text,
    from_time timestamptz, to_time timestamptz) returns text
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    return (select case
            when a.owners = '{}' then null
            when with_mode = 'full' then format('%s appends, so the records of a full run '
                'would be there twice; say again (--again; again yes in a message) if that is meant',
                a.owners[1])
            when with_mode = 'window' then (
                select format('%s appends, and run %s has stored a window that overlaps with this one: '
                    'its records would be there twice; say again (--again; again yes in a message) if '
                    'that is meant', a.owners[1], min(r.id))
                from run r where r.stream = d.stream and r.mode = 'window' and r.state = 'succeeded'
                    and r.window_from < to_time and from_time < r.window_to
                    and exists (select from unnest(a.owners) o where has_stored(o))
                having count(*) > 0)
            when not asks_by_bookmark(d.spec) then (
                select format('%s appends, and each run asks for all records again: they would be there '
                    'twice. Say write: upsert with a key, or a bookmark that a request uses; or again: '
                    'true in the definition (once: --again, again yes in a message) if each run brings '
                    'new records', min(o)) from unnest(a.owners) o where has_stored(o)
                having count(*) > 0)
        end
        from (select array(select appending(d.stream, d.spec))) a (owners));
end
$$;

-- Nobody reads the refusal of a tick: its run fails at once, so that people see it where they look
-- for runs.
create or replace function pagetide.refuse_run(refused bigint, why text) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update run r set state = 'running', started_at = clock() where r.id = refused;
    update job j set state = 'failed', reason = 'definition', error = why, finished_at = clock()
    where j.run = refused;
    perform finish_run(refused);
end
$$;

-- The bookmark is frozen with the job: a resumed job asks what it would have asked. Several partitions
-- of one window are one job, where there are many (legs).
create or replace function pagetide.put_jobs(of_run bigint, spec jsonb, parts jsonb[],
    reserve_worker text) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    if spec ?| '{window,bookmark}' then
        update run r set warnings = r.warnings || f.words
        from future_words(of_run, spec, parts) f (words)
        where r.id = of_run and f.words is not null;
    end if;
    with leg as (
        select g.part, g.bookmark, dense_rank() over (order by g.window_n, g.at / g.per) as job_n,
            g.at % g.per + 1 as n, count(*) over (partition by g.window_n, g.at / g.per) as of_job
        from (
            select p.part || w.part as part, w.n as window_n,
                row_number() over (partition by w.n order by p.n) - 1 as at,
                legs_per_job(spec, cardinality(parts)) as per,
                case when r.mode = 'incremental' then b.value end as bookmark
            from run r
            cross join unnest(parts) with ordinality p (part, n)
            left join bookmark b on b.stream = r.stream and b.partition = part_key(p.part)
            cross join lateral part_windows(r, spec, b.value) w
            where r.id = of_run) g),
    put as (
        insert into job (run, n, part, bookmark, bookmark_type, worker, reserved)
        select of_run, l.job_n,
            case when l.of_job > 1 then jsonb_build_object('legs', l.of_job) else l.part end,
            case when l.of_job = 1 then l.bookmark end,
            spec -> 'bookmark' ->> 'type', reserve_worker, reserve_worker is not null
        from leg l where l.n = 1 order by l.job_n
        returning id, n)
    insert into job_leg (job, n, part, bookmark)
    select p.id, l.n, l.part, l.bookmark from leg l join put p on p.n = l.job_n
    where l.of_job > 1 order by p.id, l.n;
end
$$;

-- The jobs of a new run; one alone where its partitions are still to be asked for.
create or replace function pagetide.make_jobs(of_run bigint, spec jsonb, reserve_worker text)
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    if has_listing(spec) then
        perform put_listing(of_run, reserve_worker);
    else
        perform put_jobs(of_run, spec, array(select p.part from spec_parts(spec) p order by p.n),
            reserve_worker);
    end if;
end
$$;

-- A run that has nothing to ask for is over at once: all is done up to the end of its window. Nothing
-- proves that where the window lies in the future. Where its table is not there, a worker makes it
-- first, as at the end of a run without records.
create or replace function pagetide.end_idle_run(idle bigint, why text, reserve_worker text)
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    if exists (select from run r join definition d on d.stream = r.stream and d.version = r.version
        where r.id = idle and lacks_table(r.stream, d.spec)) then
        insert into job (run, n, part, worker, reserved)
        select idle, 1, jsonb_build_object('idle', true, 'end', jsonb_build_object('state', 'succeeded',
            'complete', e.complete, 'why', e.words)), reserve_worker, reserve_worker is not null
        from idle_end(idle, why) e;
        return;
    end if;
    update run r set state = 'running', started_at = clock() where r.id = idle;
    insert into job (run, n, part, state, complete, complete_why, started_at, finished_at)
    select idle, 1, '{"idle": true}', 'succeeded', e.complete, e.words, clock(), clock()
    from idle_end(idle, why) e;
    perform finish_run(idle);
end
$$;

-- A new run with its jobs; null where the stream has an active run, or where this tick or
-- request has had its run. Waits for transactions that begin or end a run of the stream.
create or replace function pagetide.start_run(of_stream text, why text, with_mode text,
    from_time timestamptz,
    to_time timestamptz, due timestamptz, for_request text, with_priority int,
    reserve_worker text default null, with_version int default null,
    may_repeat boolean default false) returns bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    def definition;
    started bigint;
    lost text[];
    refusal text;
begin
    -- Waits for a removal of the stream, or makes it wait: after one, no run begins.
    perform from stream s where s.name = of_stream for share;
    select d.* into def from definition d
    where d.stream = of_stream and d.version = coalesce(with_version,
        (select s.version from stream s where s.name = of_stream and s.removed_at is null));
    if not found then
        raise exception 'stream % has no definition', of_stream using errcode = 'PT002';
    end if;
    insert into run (stream, version, trigger, mode, window_from, window_to, scheduled_for,
        request_id, priority, warnings)
    values (of_stream, def.version, why, with_mode, from_time, to_time, due, for_request,
        with_priority, window_warnings(with_mode, def.spec))
    on conflict do nothing returning id into started;
    if found then
        lost := forget_lost_table(of_stream, def.spec);
        if lost <> '{}' then
            update run r set warnings = r.warnings || lost where r.id = started;
        end if;
        perform forget_kept(of_stream, started);
        perform make_jobs(started, def.spec, reserve_worker);
        perform notify_run(started);
        -- A request has been asked before (reload_refusal, pending_refusal).
        refusal := case when not may_repeat and for_request is null
            then append_refusal(def, with_mode, from_time, to_time) end;
        if refusal is not null then
            perform refuse_run(started, refusal);
        elsif not exists (select from job j where j.run = started) then
            perform end_idle_run(started, 'the bookmark stands at the end of the window',
                reserve_worker);
        end if;
    end if;
    return started;
end
$$;

-- Whether the stream has a definition and has not been removed.
create or replace function pagetide.is_startable(of_stream text) returns boolean
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    return exists (select from stream s join definition d on d.stream = s.name
        and d.version = s.version where s.name = of_stream and s.removed_at is null);
end
$$;

-- The run that a pending request asks for; null as in start_run.
create or replace function pagetide.start_request(r pagetide.request) returns bigint
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select start_run(r.stream, case when r.scheduled_for is null then 'reload' else 'schedule' end,
        r.mode, r.window_from, r.window_to, r.scheduled_for, r.id, r.priority)
$$;

-- `q`, and all pending requests that ask for the same, have the run that started. One that had nothing
-- to ask for is over by now, and they with it.
create or replace function pagetide.join_pending(q pagetide.request, started bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update request p set state = 'started', run = started
    where p.id = q.id or p.stream = q.stream and p.state = 'pending' and p.mode = q.mode
        and (p.window_from, p.window_to) is not distinct from (q.window_from, q.window_to);
    update request p set state = r.state, reason = r.reason
    from run r where r.id = started and p.run = r.id and p.state = 'started' and is_end(r.state)
$$;

-- Why a pending request has no run after all, or null: the run that it waited for may have stored
-- what it asks for.
create or replace function pagetide.pending_refusal(q pagetide.request) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select append_refusal(d, q.mode, q.window_from, q.window_to)
    from stream s join definition d on d.stream = s.name and d.version = s.version
    where s.name = q.stream and coalesce(q.fields ->> 'again', 'no') <> 'yes'
$$;

-- Starts the pending request that comes first by priority and age, and with it all that ask
-- for the same. Returns its run, or null where nothing was waiting.
create or replace function pagetide.start_pending(of_stream text) returns bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    first request;
    started bigint;
begin
    loop
        select * into first from request q where q.stream = of_stream and q.state = 'pending'
        order by q.priority desc, q.received_at, q.id limit 1;
        if not found then
            return null;
        elsif not is_startable(of_stream) then
            update request set state = 'refused', reason = 'the stream has been removed'
            where stream = of_stream and state = 'pending';
            return null;
        elsif pending_refusal(first) is not null then
            update request set state = 'refused', reason = pending_refusal(first)
            where id = first.id;
            continue;
        end if;
        -- Not pending any more: a run that is over at once starts what comes behind it.
        update request set state = 'started' where id = first.id;
        started := start_request(first);
        if started is not null then
            perform join_pending(first, started);
            return started;
        elsif not exists (select from run r where r.request_id = first.id
            or r.stream = of_stream and r.scheduled_for = first.scheduled_for) then
            update request set state = 'pending' where id = first.id;
            return null; -- another run began in between, and starts it at its end
        end if;
        update request set state = 'skipped', reason = 'has had its run' where id = first.id;
    end loop;
end
$$;
