-- Reload requests: refused, or one run for each id.
-- Needs instant (helpers), append_refusal, start_run, join_pending, is_startable, active_run, lock_active_run,
-- lock_whole_run, names_window (runs), cancel_run (run_end).

-- A field that a reload message cannot have, or null.
create or replace function pagetide.unknown_field(fields jsonb) returns text
language sql immutable
as $$
    select min(f) from jsonb_object_keys(fields) f where f not in
        ('stream', 'id', 'mode', 'from', 'to', 'again', 'priority', 'if_running')
$$;

-- Why a window cannot be run, or null. This and the refusals below are also in C, for `sync`: if you
-- change them, change cli/sync_streams.c and tests/tables/rules/windows.txt.
create or replace function pagetide.window_refusal(of_stream text, fields jsonb) returns text
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
        when exists (select from stream s join definition d on d.stream = s.name
            and d.version = s.version where s.name = of_stream and not names_window(d.spec))
            then format('a window of %s would fetch everything: its definition names neither '
                'window.start nor window.end', of_stream)
    end
$$;

-- Why a reload message cannot be accepted, or null.
-- PL/pgSQL keeps its plans for the next message.
create or replace function pagetide.reload_refusal(of_stream text, fields jsonb) returns text
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    return (select case
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
            when coalesce(fields ->> 'mode' = 'window', false)
                and window_refusal(of_stream, fields) is not null
                then window_refusal(of_stream, fields)
            when coalesce(fields ->> 'again', 'no') <> 'yes' then (
                select append_refusal(d, coalesce(fields ->> 'mode', 'incremental'),
                    instant(fields ->> 'from'), instant(fields ->> 'to'))
                from stream s join definition d on d.stream = s.name and d.version = s.version
                where s.name = of_stream)
        end);
end
$$;

-- The fields of a refused message are kept only in `fields`: they need not fit the other columns.
-- False where the id has a request already.
create or replace function pagetide.put_request(request_id text, of_stream text, fields jsonb,
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

-- 100 pending requests are the most. Those equal in mode and window share a run and count once.
create or replace function pagetide.is_queue_full(of_stream text, message jsonb) returns boolean
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    return (select not exists (select from request q
                where q.stream = of_stream and q.state = 'pending'
                    and q.mode = coalesce(message ->> 'mode', 'incremental')
                    and (q.window_from, q.window_to) is not distinct from
                        (instant(message ->> 'from'), instant(message ->> 'to')))
            and (select count(*) >= 100 from (select distinct q.mode, q.window_from, q.window_to
                from request q where q.stream = of_stream and q.state = 'pending') p));
end
$$;

-- Starts a request's run, in place of a run that is cancelled for it. Pending requests for the
-- same have that run too. False where another transaction came in between.
create or replace function pagetide.begin_request(request_id text, of_stream text, fields jsonb,
    replaced bigint) returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    started bigint;
begin
    -- The request first: the transaction that stores the id may start the run.
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
    perform join_pending(q, started) from request q where q.id = request_id;
    return true;
end
$$;

-- Tries to accept a request; false where another transaction came in between: then look again.
create or replace function pagetide.try_reload(request_id text, of_stream text, fields jsonb)
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

-- When the state of a request changed: tables/0053 says what for.
create or replace function pagetide.note_change() returns trigger
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    new.changed_us := greatest((extract(epoch from clock()) * 1000000)::bigint,
        case when tg_op = 'UPDATE' then old.changed_us + 1 else 0 end);
    return new;
end
$$;

-- One reload message. The same id is one request, whatever else the second message says, and
-- the answer is the state of that request now.
create or replace function pagetide.reload(request_id text, of_stream text, fields jsonb,
    out state text, out run bigint, out reason text, out changed_us bigint)
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
        select q.state, q.run, q.reason, q.changed_us into state, run, reason, changed_us
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

-- Many messages, [{id, stream, fields}], each as by `reload`: one transaction, whose plans serve all. Those
-- of a stream keep their order; streams are locked by name, so that two callers do not wait for each
-- other. `n`: the message's place, from 0.
create or replace function pagetide.reload_all(messages jsonb)
returns table (n int, state text, run bigint, reason text, changed_us bigint)
language plpgsql
set search_path = pagetide, pg_temp
as $$
#variable_conflict use_column
declare
    m record;
begin
    for m in
        select (o.place - 1)::int as place, o.said ->> 'id' as id, o.said ->> 'stream' as stream,
            o.said -> 'fields' as fields
        from jsonb_array_elements(messages) with ordinality o (said, place)
        order by o.said ->> 'stream', o.place
    loop
        return query select m.place, r.state, r.run, r.reason, r.changed_us
            from reload(m.id, m.stream, m.fields) r;
    end loop;
end
$$;

-- Requests whose outcome has changed since it was last written where the sender looks.
create or replace function pagetide.reload_outcomes()
returns table (id text, state text, run bigint, reason text, changed_us bigint)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select q.id, q.state, q.run, q.reason, q.changed_us from request q
    where q.told_state is distinct from q.state and q.scheduled_for is null
    order by q.received_at, q.id
    limit 1000
$$;

-- Notes that the sender can read this state, unless it has changed again since (null: not known).
create or replace function pagetide.reload_told(request_id text, in_state text,
    when_us bigint default null) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update request set told_state = in_state
    where id = request_id and changed_us = coalesce(when_us, changed_us)
$$;
