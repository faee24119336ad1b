-- What runs when: ticks, reload requests, runs by hand, and what is cleared away.

create function pagetide.due(most int)
returns table (stream text, version int, schedule text, every_ms bigint, timezone text,
    next_due timestamptz, catch_up text, paused boolean)
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select s.name, s.version, s.schedule, s.every_ms, s.timezone, s.next_due, s.catch_up, s.paused
    from stream s
    where (s.schedule is not null or s.every_ms is not null) and s.removed_at is null
        and not s.paused and (s.next_due is null or s.next_due <= clock())
    order by s.next_due nulls first, s.name
    limit most
$$;

create function pagetide.set_next_due(of_stream text, next timestamptz) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update stream set next_due = next where name = of_stream
$$;

-- A tick of this instant has had its effect already: its run, or its pending request.
create function pagetide.is_ticked(of_stream text, due timestamptz) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from run r where r.stream = of_stream and r.scheduled_for = due)
        or exists (select from request q where q.stream = of_stream and q.scheduled_for = due)
$$;

create function pagetide.tick_request(of_stream text, due timestamptz) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select 'tick:' || of_stream || ':' || rfc3339(due)
$$;

-- However many ticks meet one run, one request waits for its end.
create function pagetide.pend_tick(of_stream text, due timestamptz) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into request (id, stream, mode, scheduled_for, priority)
    select tick_request(of_stream, due), of_stream, 'incremental', due, 4
    where not exists (select from request q where q.stream = of_stream and q.state = 'pending'
        and q.scheduled_for is not null)
    on conflict do nothing
$$;

-- One due tick: a run, or a pending request where a run is active, or nothing where another
-- scheduler was faster. Never waits: a locked run or stream is left for the next round, with
-- next_due as it was. Returns run, pending, locked or none.
create function pagetide.tick(of_stream text, due timestamptz, next timestamptz,
    why text default 'schedule', out verdict text, out run bigint)
language plpgsql
set search_path = pagetide, pg_temp
as $$
#variable_conflict use_column
declare
    active bigint;
begin
    verdict := 'locked';
    select r.id into active from run r
    where r.stream = of_stream and r.state in ('queued', 'running') for update skip locked;
    if not found and exists (select from run r
        where r.stream = of_stream and r.state in ('queued', 'running')) then
        return;
    end if;
    perform from stream s where s.name = of_stream for no key update skip locked;
    if not found then
        return;
    end if;
    if is_ticked(of_stream, due) or exists (select from stream s where s.name = of_stream
        and (s.next_due > due or s.paused or s.removed_at is not null)) then
        verdict := 'none';
    elsif active is not null then
        perform pend_tick(of_stream, due);
        verdict := 'pending';
    else
        run := start_run(of_stream, why, 'incremental', null, null, due, null, 4);
        if run is null then
            return;
        end if;
        verdict := 'run';
    end if;
    update stream s set next_due = greatest(s.next_due, next) where s.name = of_stream;
end
$$;

create function pagetide.unknown_field(fields jsonb) returns text
language sql immutable
as $$
    select min(f) from jsonb_object_keys(fields) f where f not in
        ('stream', 'id', 'mode', 'from', 'to', 'again', 'priority', 'if_running')
$$;

create function pagetide.needs_again(of_stream text, fields jsonb) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select fields ->> 'mode' = 'full' and coalesce(fields ->> 'again', 'no') <> 'yes'
        and exists (select from stream s join definition d on d.stream = s.name
            and d.version = s.version
            where s.name = of_stream and coalesce(d.spec ->> 'write', 'append') = 'append')
$$;

-- `from` and `to`: RFC 3339, a time without an offset (UTC), or a date; null for anything else.
create function pagetide.instant(text) returns timestamptz
language plpgsql immutable
set search_path = pagetide, pg_temp
set timezone = 'UTC'
as $$
begin
    if $1 ~ '^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d(:?\d\d)?)?)?$' then
        return $1::timestamptz;
    end if;
    return null;
exception when data_exception then
    return null;
end
$$;

create function pagetide.window_refusal(of_stream text, fields jsonb) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case
        when not fields ? 'from' or not fields ? 'to' then 'mode window needs from and to'
        when instant(fields ->> 'from') is null
            then format('from: "%s" is neither RFC 3339 nor a date', fields ->> 'from')
        when instant(fields ->> 'to') is null
            then format('to: "%s" is neither RFC 3339 nor a date', fields ->> 'to')
        when instant(fields ->> 'from') >= instant(fields ->> 'to')
            then 'from must lie before to'
        when exists (select from stream s join definition d on d.stream = s.name
            and d.version = s.version where s.name = of_stream and d.spec ->> 'write' = 'replace')
            then 'a window cannot replace a table'
    end
$$;

-- Why a reload message cannot be accepted, or null.
create function pagetide.reload_refusal(of_stream text, fields jsonb) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case
        when unknown_field(fields) is not null
            then format('unknown field "%s"', unknown_field(fields))
        when not is_startable(of_stream) then format('unknown stream "%s"', of_stream)
        when fields ->> 'mode' not in ('incremental', 'full', 'window')
            then format('unknown mode "%s"', fields ->> 'mode')
        when fields ->> 'mode' is distinct from 'window' and (fields ? 'from' or fields ? 'to')
            then 'from and to need mode window'
        when fields ->> 'if_running' not in ('queue', 'skip', 'replace')
            then format('unknown if_running "%s"', fields ->> 'if_running')
        when fields ->> 'priority' !~ '^[0-9]$' then 'priority is a digit from 0 to 9'
        when fields ->> 'again' not in ('yes', 'no') then 'again is yes or no'
        when needs_again(of_stream, fields)
            then 'full would write the records of an append stream again: say again yes'
        when fields ->> 'mode' = 'window' then window_refusal(of_stream, fields)
    end
$$;

-- What a refused message said stands in `fields` alone: it need not fit the other columns.
create function pagetide.put_request(request_id text, of_stream text, fields jsonb,
    in_state text, why text, of_run bigint) returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    said jsonb := case when in_state = 'refused' then '{}' else fields end;
begin
    insert into request (id, stream, fields, mode, window_from, window_to, priority, state,
        reason, run)
    values (request_id, of_stream, fields, coalesce(said ->> 'mode', 'incremental'),
        instant(said ->> 'from'), instant(said ->> 'to'),
        coalesce((said ->> 'priority')::int, 5), in_state, why, of_run)
    on conflict do nothing;
    return found;
end
$$;

-- Requests equal in mode and window share a run, so only different ones count.
create function pagetide.is_queue_full(of_stream text, fields jsonb) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select count(*) >= 100 and not bool_or((p.mode, p.window_from, p.window_to)
        is not distinct from (coalesce(fields ->> 'mode', 'incremental'),
            instant(fields ->> 'from'), instant(fields ->> 'to')))
    from (select distinct q.mode, q.window_from, q.window_to from request q
        where q.stream = of_stream and q.state = 'pending') p
$$;

-- The active run, locked: it cannot end before this transaction does, so a request that it
-- is to start cannot come too late. Waits for a run that is just ending.
create function pagetide.lock_active_run(of_stream text) returns bigint
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select r.id from run r
    where r.stream = of_stream and r.state in ('queued', 'running') for update
$$;

-- The same with its jobs, for who is to end it. False where it is the active run no more.
create function pagetide.lock_whole_run(active bigint, of_stream text) returns boolean
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select lock_jobs(array(select j.id from job j where j.run = active));
    select coalesce(lock_active_run(of_stream) = active, false);
$$;

-- Starts a request's run, in place of a run that is cancelled for it. Requests that wait for the
-- same have it too. False where somebody else came in between.
create function pagetide.begin_request(request_id text, of_stream text, fields jsonb,
    replaced bigint) returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    started bigint;
begin
    -- The request first: whoever has its id has the right to its run.
    if not put_request(request_id, of_stream, fields, 'started', null, null) then
        return false;
    end if;
    if replaced is not null then
        perform cancel_run(replaced, false);
    end if;
    started := start_run(of_stream, 'reload', coalesce(fields ->> 'mode', 'incremental'),
        instant(fields ->> 'from'), instant(fields ->> 'to'), null, request_id,
        coalesce((fields ->> 'priority')::int, 5));
    if started is null then
        delete from request where id = request_id;
        return false;
    end if;
    update request set run = started where id = request_id;
    perform join_pending(q, started) from request q where q.id = request_id;
    return true;
end
$$;

create function pagetide.active_run(of_stream text) returns bigint
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select r.id from run r where r.stream = of_stream and r.state in ('queued', 'running')
$$;

-- Tries to accept a request; false where somebody else came in between: then look again.
create function pagetide.try_reload(request_id text, of_stream text, fields jsonb)
returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    replaces boolean := coalesce(fields ->> 'if_running' = 'replace', false);
    active bigint := case when replaces then active_run(of_stream)
        else lock_active_run(of_stream) end;
begin
    if replaces and active is not null and not lock_whole_run(active, of_stream) then
        return false;
    elsif active is null or replaces then
        return begin_request(request_id, of_stream, fields, active);
    elsif fields ->> 'if_running' = 'skip' then
        return put_request(request_id, of_stream, fields, 'skipped', 'a run is active', active);
    elsif is_queue_full(of_stream, fields) then
        return put_request(request_id, of_stream, fields, 'refused',
            '100 requests are pending already', null);
    end if;
    return put_request(request_id, of_stream, fields, 'pending', null, null);
end
$$;

-- One reload message. The same id is one request, whatever else the second message says, and
-- the answer is how that request stands now.
create function pagetide.reload(request_id text, of_stream text, fields jsonb,
    out state text, out run bigint, out reason text)
language plpgsql
set search_path = pagetide, pg_temp
as $$
#variable_conflict use_column
declare
    refusal text := reload_refusal(of_stream, fields);
begin
    if coalesce(octet_length(request_id), 0) not between 1 and 255 then
        state := 'refused';
        reason := 'an id has 1 to 255 bytes';
        return;
    end if;
    for attempt in 1..100 loop
        select q.state, q.run, q.reason into state, run, reason
        from request q where q.id = request_id;
        if found then
            return;
        elsif refusal is not null then
            perform put_request(request_id, of_stream, fields, 'refused', refusal, null);
        else
            perform try_reload(request_id, of_stream, fields);
        end if;
    end loop;
    raise exception 'request % keeps meeting others', request_id using errcode = 'PT003';
end
$$;

-- Requests whose outcome has changed since it was last written where the sender looks.
create function pagetide.reload_outcomes()
returns table (id text, state text, run bigint, reason text)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select q.id, q.state, q.run, q.reason from request q
    where q.told_state is distinct from q.state and q.scheduled_for is null
    order by q.received_at, q.id
    limit 1000
$$;

create function pagetide.reload_told(request_id text, in_state text) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update request set told_state = in_state where id = request_id
$$;

-- `sync`: the run of a stream is to be made in this very process.
create type pagetide.sync_claim as (
    verdict text, -- new, resumed, wait (ask again), busy (its worker beats)
    run bigint,
    other_worker text,
    other_host text,
    other_pid int,
    other_seen_at timestamptz,
    wait_ms bigint,
    cancelled_run bigint -- another definition, mode or window: ended to begin anew
);

-- A worker that may be alive and works on the run. Whether it is, shows in a later beat: `busy`
-- where one has come since `seen_before`, else `wait`.
create function pagetide.sync_other(active bigint, who text, beat interval, known_gone text,
    seen_before timestamptz) returns pagetide.sync_claim
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select case when w.seen_at > seen_before then 'busy' else 'wait' end, active,
        w.id, w.host, w.pid, w.seen_at,
        ceil(extract(epoch from w.seen_at + 2 * beat - clock()) * 1000)::bigint, null::bigint
    from job j join worker w on w.id = j.worker
    where j.run = active and j.state in ('queued', 'running', 'waiting') and w.id <> who
        and not worker_is_stale(w.id, beat, known_gone)
    order by w.seen_at desc limit 1
$$;

create function pagetide.is_same_run(active bigint, with_version int, with_mode text,
    from_time timestamptz, to_time timestamptz) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from run r
        join definition a on a.stream = r.stream and a.version = r.version
        join definition b on b.stream = r.stream and b.version = with_version
        where r.id = active and a.spec = b.spec and r.mode = with_mode
            and (r.window_from, r.window_to) is not distinct from (from_time, to_time))
$$;

-- Whoever held a job and is gone loses its fence here; that is no crash: a person looks on.
create function pagetide.reserve_jobs(active bigint, who text) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update job j set worker = who, reserved = true, owner = null,
        state = case j.state when 'running' then 'queued' else j.state end
    where j.run = active and not is_end(j.state)
$$;

-- A worker id in `known_gone` names a process of this host that does not live.
create function pagetide.sync_take(of_stream text, with_version int, with_mode text,
    from_time timestamptz, to_time timestamptz, who text, beat_ms bigint,
    known_gone text default null, seen_before timestamptz default null)
returns pagetide.sync_claim
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    active bigint := active_run(of_stream);
    claim sync_claim;
begin
    if active is not null then
        if not lock_whole_run(active, of_stream) then
            return row('wait', active, null, null, null, null, 0, null)::sync_claim;
        end if;
        claim := sync_other(active, who, ms(beat_ms), known_gone, seen_before);
        if claim.verdict is not null then
            return claim;
        elsif is_same_run(active, with_version, with_mode, from_time, to_time) then
            perform reserve_jobs(active, who);
            return row('resumed', active, null, null, null, null, 0, null)::sync_claim;
        end if;
        perform cancel_run(active, false);
    end if;
    claim.run := start_run(of_stream, 'manual', with_mode, from_time, to_time, null, null, 5,
        who, with_version);
    claim.verdict := case when claim.run is null then 'wait' else 'new' end;
    claim.wait_ms := 0;
    claim.cancelled_run := active;
    return claim;
end
$$;

create function pagetide.past_runs(retention interval) returns setof bigint
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select r.id from run r
    where r.finished_at < clock() - retention
        and r.id < (select max(n.id) from run n where n.stream = r.stream)
$$;

-- Clears away what is older than `retention`: the runs that have ended, with their jobs, ledger
-- and rejects, and requests; a stream's newest run stays. Workers that have not been seen for a
-- day and own nothing go too. Starts what is pending where no run is active: nothing should be.
create function pagetide.housekeep(retention interval) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    delete from reject x where x.run in (select past_runs(retention));
    delete from job j where j.run in (select past_runs(retention));
    delete from run r where r.id in (select past_runs(retention));
    delete from page p using job j, run r
    where p.job = j.id and r.id = j.run and r.finished_at < clock() - retention;
    delete from request q
    where q.state not in ('pending', 'started') and q.received_at < clock() - retention;
    delete from worker w
    where w.seen_at < clock() - interval '1 day'
        and not exists (select from job j where j.worker = w.id
            and j.state in ('queued', 'running', 'waiting'));
    select count(start_pending(q.stream)) from (select distinct stream from request
        where state = 'pending') q
    where not exists (select from run r where r.stream = q.stream
        and r.state in ('queued', 'running'));
$$;
