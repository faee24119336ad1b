-- Reload requests: refused, or one run for each id.
-- Needs instant, wait_for_disk (helpers), append_refusal, start_run, join_pending, is_startable, active_run, lock_active_run,
-- lock_whole_run, names_window (runs), cancel_run (run_end).

-- A field that a reload message cannot have, or null. What every message asks is PL/pgSQL, which keeps
-- its plans for the next one.
create or replace function pagetide.unknown_field(fields jsonb) returns text
language plpgsql immutable
set search_path = pagetide, pg_temp
as $$
begin
    return (select min(f) from jsonb_object_keys(fields) f where f not in
        ('stream', 'id', 'mode', 'from', 'to', 'again', 'priority', 'if_running'));
end
$$;

-- Why a window cannot be run, or null. This and the refusals below are also in C, for `sync`: if you
-- change them, change cli/sync_streams.c and tests/tables/rules/windows.txt.
create or replace function pagetide.window_refusal(of_stream text, fields jsonb) returns text
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    from_time constant timestamptz := instant(fields ->> 'from');
    to_time constant timestamptz := instant(fields ->> 'to');
    spec jsonb;
begin
    if not fields ?& '{from,to}' then
        return 'mode window needs from and to';
    elsif from_time is null then
        return format('from: "%s" is neither RFC 3339 nor a date', fields ->> 'from');
    elsif to_time is null then
        return format('to: "%s" is neither RFC 3339 nor a date', fields ->> 'to');
    elsif from_time >= to_time then
        return 'from must lie before to';
    end if;
    select d.spec into spec from stream s
    join definition d on d.stream = s.name and d.version = s.version where s.name = of_stream;
    return case
        when spec ->> 'write' = 'replace' then 'a window cannot replace a table'
        when not names_window(spec)
            then format('a window of %s would fetch everything: its definition names neither '
                'window.start nor window.end', of_stream)
    end;
end
$$;

-- Why a reload message cannot be accepted, or null: its fields, its window, what its run would store.
create or replace function pagetide.reload_refusal(of_stream text, fields jsonb) returns text
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    return coalesce(case
            when unknown_field(fields) is not null
                then format('unknown field "%s"', unknown_field(fields))
            when not is_startable(of_stream) then format('unknown stream "%s"', of_stream)
            when fields ->> 'mode' not in ('incremental', 'full', 'window')
                then format('unknown mode "%s"', fields ->> 'mode')
            when fields ->> 'mode' is distinct from 'window' and fields ?| '{from,to}'
                then 'from and to need mode window'
            when fields ->> 'if_running' not in ('queue', 'skip', 'replace')
                then format('unknown if_running "%s"', fields ->> 'if_running')
            when fields ->> 'priority' !~ '^[0-9]$' then 'priority is a digit from 0 to 9'
            when fields ->> 'again' not in ('yes', 'no') then 'again is yes or no'
        end,
        case when fields ->> 'mode' = 'window' then window_refusal(of_stream, fields) end,
        case when coalesce(fields ->> 'again', 'no') <> 'yes' then (
            select append_refusal(d, coalesce(fields ->> 'mode', 'incremental'),
                instant(fields ->> 'from'), instant(fields ->> 'to'))
            from stream s join definition d on d.stream = s.name and d.version = s.version
            where s.name = of_stream) end);
end
$$;

-- Requests that say the same, `wish`, each with all that its message said. The fields of refused ones are
-- kept only in `fields`: they need not fit the other columns. False where all ids have a request already.
create or replace function pagetide.put_requests(ids text[], said jsonb[], of_stream text, wish jsonb,
    in_state text, why text, of_run bigint) returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    used constant jsonb := case when in_state = 'refused' then '{}' else wish end;
    from_time constant timestamptz := instant(used ->> 'from');
    to_time constant timestamptz := instant(used ->> 'to');
begin
    insert into request (id, stream, fields, mode, window_from, window_to, priority, state,
        reason, run)
    select a.id, of_stream, a.fields, coalesce(used ->> 'mode', 'incremental'), from_time,
        to_time, coalesce((used ->> 'priority')::int, 5), in_state, why, of_run
    from unnest(ids, said) a (id, fields)
    on conflict do nothing;
    return found;
end
$$;

-- The requests of these ids. By the index always: a plan that was made while the table was small would
-- read it as a whole for as long as the session lives.
create or replace function pagetide.known_requests(ids text[]) returns setof pagetide.request
language plpgsql stable
set search_path = pagetide, pg_temp
set enable_seqscan = off
as $$
begin
    return query select * from request q where q.id = any(ids);
end
$$;

-- 100 pending requests are the most. Those equal in mode and window share a run and count once.
create or replace function pagetide.is_queue_full(of_stream text, message jsonb) returns boolean
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    if exists (select from request q where q.stream = of_stream and q.state = 'pending'
            and q.mode = coalesce(message ->> 'mode', 'incremental')
            and (q.window_from, q.window_to) is not distinct from
                (instant(message ->> 'from'), instant(message ->> 'to'))) then
        return false;
    end if;
    return (select count(*) >= 100 from (select distinct q.mode, q.window_from, q.window_to
        from request q where q.stream = of_stream and q.state = 'pending') p);
end
$$;

-- Starts a request's run, in place of a run that is cancelled for it. Pending requests for the
-- same have that run too. False where another transaction came in between.
create or replace function pagetide.begin_request(request_id text, said jsonb, of_stream text,
    wish jsonb, replaced bigint) returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    started bigint;
begin
    -- The request first: the transaction that stores the id may start the run.
    if not put_requests(array[request_id], array[said], of_stream, wish, 'started', null, null) then
        return false;
    end if;
    if replaced is not null then
        perform cancel_run(replaced, false);
    end if;
    started := start_run(of_stream, 'reload', coalesce(wish ->> 'mode', 'incremental'),
        instant(wish ->> 'from'), instant(wish ->> 'to'), null, request_id,
        coalesce((wish ->> 'priority')::int, 5));
    if started is null then
        delete from request where id = request_id;
        return false;
    end if;
    perform join_pending(q, started) from request q where q.id = request_id;
    return true;
end
$$;

-- Tries to accept requests that say the same: all of them, or the first one where it has a run of its
-- own. False where another transaction came in between: then look again. A run that was waited for may
-- have stored what they ask for, so before a run begins they are judged once more.
create or replace function pagetide.try_reload(ids text[], said jsonb[], of_stream text, wish jsonb)
returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    replaces boolean := coalesce(wish ->> 'if_running' = 'replace', false);
    active bigint := case when replaces then active_run(of_stream)
        else lock_active_run(of_stream) end;
    refusal text := case when active is null or replaces then reload_refusal(of_stream, wish) end;
begin
    if replaces and active is not null and not lock_whole_run(active, of_stream) then
        return false;
    elsif refusal is not null then
        return put_requests(ids, said, of_stream, wish, 'refused', refusal, null);
    elsif active is null or replaces then
        return begin_request(ids[1], said[1], of_stream, wish, active);
    elsif wish ->> 'if_running' = 'skip' then
        return put_requests(ids, said, of_stream, wish, 'skipped', 'a run is active', active);
    elsif is_queue_full(of_stream, wish) then
        return put_requests(ids, said, of_stream, wish, 'refused',
            '100 requests are pending already', null);
    end if;
    return put_requests(ids, said, of_stream, wish, 'pending', null, null);
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

-- The answers to messages that say the same, `wish`, and would be refused for `refusal` (null: for
-- nothing). The same id is one request, whatever else the second message says, and the answer is the
-- state of that request now. `n`: the message's place, from 1.
create or replace function pagetide.answer_reloads(ids text[], said jsonb[], of_stream text, wish jsonb,
    refusal text)
returns table (n int, state text, run bigint, reason text, changed_us bigint)
language plpgsql
set search_path = pagetide, pg_temp
as $$
#variable_conflict use_column
declare
    known request[];
    new_ids text[];
    new_said jsonb[];
begin
    for attempt in 0..100 + cardinality(ids) loop
        known := array(select k from known_requests(ids) k);
        select array_agg(a.id order by a.place), array_agg(a.fields order by a.place)
        into new_ids, new_said
        from unnest(ids, said) with ordinality a (id, fields, place)
        where octet_length(a.id) between 1 and 255
            and a.id not in (select k.id from unnest(known) k);
        if new_ids is null then
            return query select a.place::int, coalesce(k.state, 'refused'), k.run,
                case when k.id is null then 'an id has 1 to 255 bytes' else k.reason end, k.changed_us
                from unnest(ids) with ordinality a (id, place)
                left join unnest(known) k on k.id = a.id;
            return;
        elsif refusal is not null then
            perform put_requests(new_ids, new_said, of_stream, wish, 'refused', refusal, null);
        else
            perform try_reload(new_ids, new_said, of_stream, wish);
        end if;
    end loop;
    raise exception 'request % keeps meeting others', new_ids[1] using errcode = 'PT003';
end
$$;

-- One reload message.
create or replace function pagetide.reload(request_id text, of_stream text, fields jsonb,
    out state text, out run bigint, out reason text, out changed_us bigint)
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select a.state, a.run, a.reason, a.changed_us
    from answer_reloads(array[request_id], array[fields], of_stream, fields - 'id',
        reload_refusal(of_stream, fields)) a
$$;

-- Many messages, [{id, stream, fields}], each as by `reload`: one transaction, whose plans serve all. Those
-- of a stream keep their order; streams are locked by name, so that two callers do not wait for each
-- other. What is wrong with a message does not depend on its id, and those of a stream that stand
-- together and say the same are answered together. `n`: the message's place, from 0.
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
        with message as (
            select (o.place - 1)::int as place, o.said ->> 'id' as id,
                o.said ->> 'stream' as stream, o.said -> 'fields' as fields,
                (o.said -> 'fields') - 'id' as wish
            from jsonb_array_elements(messages) with ordinality o (said, place)),
        judged as materialized (
            select d.stream, d.wish, reload_refusal(d.stream, d.wish) as refusal
            from (select distinct stream, wish from message) d),
        -- The same number: nothing else of the stream stands between.
        numbered as (
            select s.*, row_number() over (partition by s.stream order by s.place)
                - row_number() over (partition by s.stream, s.wish order by s.place) as together
            from message s)
        select array_agg(s.place order by s.place) as places, array_agg(s.id order by s.place) as ids,
            array_agg(s.fields order by s.place) as said, s.stream, s.wish, j.refusal
        from numbered s join judged j on j.stream = s.stream and j.wish = s.wish
        group by s.stream, s.wish, s.together, j.refusal
        order by s.stream, min(s.place)
    loop
        return query select m.places[a.n], a.state, a.run, a.reason, a.changed_us
            from answer_reloads(m.ids, m.said, m.stream, m.wish, m.refusal) a;
    end loop;
end
$$;

-- Requests whose outcome has changed since it was last written where the sender looks.
create or replace function pagetide.reload_outcomes(at_most int default 1000)
returns table (id text, state text, run bigint, reason text, changed_us bigint)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select q.id, q.state, q.run, q.reason, q.changed_us from request q
    where q.told_state is distinct from q.state and q.scheduled_for is null
    order by q.received_at, q.id
    limit at_most
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

-- The same for many, [{id, state, changed_us}]; how many were noted. What others have locked is passed
-- over, so that this never waits with locks of its own. What is not noted is told again: it need not
-- wait for the disk. By the index always, as known_requests.
create or replace function pagetide.reload_all_told(told jsonb) returns int
language plpgsql
set search_path = pagetide, pg_temp
set enable_seqscan = off
as $$
declare
    noted int;
begin
    perform wait_for_disk(false);
    update request q set told_state = f.state
    from (select r.id, t.state
        from jsonb_to_recordset(told) as t (id text, state text, changed_us bigint)
        join request r on r.id = t.id and r.changed_us = t.changed_us
        for update of r skip locked) f
    where q.id = f.id;
    get diagnostics noted = row_count;
    return noted;
end
$$;
