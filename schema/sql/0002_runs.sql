-- Definitions and runs: how a run begins, and how the last of its jobs ends it.
-- Locks are always taken in the order job, table, run, bookmark, stream. Errors of our own
-- carry SQLSTATE PT…, which nobody takes for bad data.

create function pagetide.is_end(state text) returns boolean
language sql immutable parallel safe
as $$
    select state in ('succeeded', 'truncated', 'cancelled', 'failed', 'dead')
$$;

-- A run is as bad as its worst job.
create function pagetide.badness(state text) returns int
language sql immutable parallel safe
as $$
    select array_position(array['succeeded', 'truncated', 'cancelled', 'failed', 'dead'], state)
$$;

-- Stores a definition and returns its version; one that was stored before keeps its version.
-- Without move_version (`sync`) the schedule of a known stream stays as it is.
create function pagetide.define(of_stream text, new_spec jsonb, new_schedule text,
    new_timezone text, new_every_ms bigint, move_version boolean) returns int
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    found_version int;
begin
    perform pg_advisory_xact_lock(hashtextextended('pagetide.define ' || of_stream, 0));
    select max(d.version) into found_version from definition d
    where d.stream = of_stream and d.spec = new_spec;
    if found_version is null then
        insert into definition (stream, version, spec)
        select of_stream, coalesce(max(d.version), 0) + 1, new_spec
        from definition d where d.stream = of_stream
        returning version into found_version;
    end if;
    insert into stream (name, version) values (of_stream, found_version)
    on conflict (name) do nothing;
    if move_version then
        perform move_version(of_stream, found_version, new_schedule, new_timezone, new_every_ms);
    end if;
    return found_version;
end
$$;

-- A changed schedule is due anew: the scheduler works out when.
create function pagetide.move_version(of_stream text, to_version int, new_schedule text,
    new_timezone text, new_every_ms bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update stream s set
        version = to_version,
        schedule = nullif(new_schedule, ''),
        every_ms = nullif(new_every_ms, 0),
        timezone = coalesce(nullif(new_timezone, ''), 'UTC'),
        catch_up = coalesce(d.spec ->> 'catch_up', 'latest'),
        next_due = case when (s.schedule, s.every_ms, s.timezone) is not distinct from
            (nullif(new_schedule, ''), nullif(new_every_ms, 0),
            coalesce(nullif(new_timezone, ''), 'UTC')) then s.next_due end,
        removed_at = null
    from definition d
    where s.name = of_stream and d.stream = of_stream and d.version = to_version
$$;

create function pagetide.spec_parts(spec jsonb) returns table (n int, part jsonb)
language sql immutable
as $$
    select p.n::int, jsonb_build_object('partition', p.value)
    from jsonb_array_elements(case when jsonb_typeof(spec -> 'partitions') = 'array'
        then spec -> 'partitions' else '[]' end) with ordinality as p (value, n)
    union all
    select 1, '{}'
    where coalesce(jsonb_typeof(spec -> 'partitions') <> 'array'
        or jsonb_array_length(spec -> 'partitions') = 0, true)
$$;

create function pagetide.part_key(part jsonb) returns text
language sql immutable
as $$
    select coalesce((part -> 'partition')::text, '')
$$;

-- The bookmark is frozen with the job: a resumed job asks what it would have asked.
create function pagetide.make_jobs(of_run bigint, spec jsonb, reserve_worker text) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into job (run, n, part, bookmark, bookmark_type, worker, reserved)
    select r.id, p.n, p.part, case when r.mode = 'incremental' then b.value end,
        spec -> 'bookmark' ->> 'type', reserve_worker, reserve_worker is not null
    from run r
    cross join spec_parts(spec) p
    left join bookmark b on b.stream = r.stream and b.partition = part_key(p.part)
    where r.id = of_run
    order by p.n
$$;

create function pagetide.notify_run(changed bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select pg_notify('pagetide',
        json_build_object('run', r.id, 'stream', r.stream, 'state', r.state)::text)
    from run r where r.id = changed
$$;

-- A window that no expression asks for changes no request.
create function pagetide.window_warnings(with_mode text, spec jsonb) returns text[]
language sql immutable
as $$
    select case when with_mode = 'window' and spec::text !~ '\{\{[^}]*\mwindow\M'
        then array['no expression uses window.start or window.end: the window is not asked for']
        else '{}' end
$$;

-- A new run with its jobs; null where the stream has an active run, or this tick or request
-- has had its run. Waits for whoever is about to begin or end one.
create function pagetide.start_run(of_stream text, why text, with_mode text, from_time timestamptz,
    to_time timestamptz, due timestamptz, for_request text, with_priority int,
    reserve_worker text default null, with_version int default null) returns bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    def definition;
    started bigint;
begin
    -- A stream that is being removed gets no run behind the back of who removes it.
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
        perform make_jobs(started, def.spec, reserve_worker);
        perform notify_run(started);
    end if;
    return started;
end
$$;

create function pagetide.is_startable(of_stream text) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from stream s join definition d on d.stream = s.name
        and d.version = s.version where s.name = of_stream and s.removed_at is null)
$$;

create function pagetide.start_request(r pagetide.request) returns bigint
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select start_run(r.stream, case when r.scheduled_for is null then 'reload' else 'schedule' end,
        r.mode, r.window_from, r.window_to, r.scheduled_for, r.id, r.priority)
$$;

-- Starts the pending request that comes first by priority and age, and with it all that ask
-- for the same. Returns its run, or null where nothing was waiting.
create function pagetide.start_pending(of_stream text) returns bigint
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
        end if;
        started := start_request(first);
        if started is not null then
            perform join_pending(first, started);
            return started;
        elsif not exists (select from run r where r.request_id = first.id
            or r.stream = of_stream and r.scheduled_for = first.scheduled_for) then
            return null; -- another run began in between, and starts it at its end
        end if;
        update request set state = 'skipped', reason = 'has had its run' where id = first.id;
    end loop;
end
$$;

create function pagetide.join_pending(q pagetide.request, started bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update request p set state = 'started', run = started
    where p.stream = q.stream and p.state = 'pending' and p.mode = q.mode
        and (p.window_from, p.window_to) is not distinct from (q.window_from, q.window_to)
$$;

create function pagetide.is_number(text) returns boolean
language sql immutable
as $$
    select $1 ~ '^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$'
$$;

create function pagetide.is_instant(text) returns boolean
language sql immutable
as $$
    select $1 ~ '^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d(:?\d\d)?)$'
$$;

-- The higher of two bookmarks: as numbers, as instants, else bytewise; a tie keeps the first.
-- `kind` is bookmark.type of the definition: number, time, text, or guess.
create function pagetide.later(a text, b text, kind text) returns text
language plpgsql immutable
set search_path = pagetide, pg_temp
set timezone = 'UTC'
as $$
begin
    if a is null or b is null then
        return coalesce(a, b);
    elsif kind is distinct from 'text' and is_number(a) and is_number(b) then
        return case when b::numeric > a::numeric then b else a end;
    elsif kind = 'time' or kind is distinct from 'text' and is_instant(a) and is_instant(b) then
        return case when b::timestamptz > a::timestamptz then b else a end;
    end if;
    return case when b collate "C" > a collate "C" then b else a end;
exception when data_exception then -- a 30th of February, a number too long
    return case when b collate "C" > a collate "C" then b else a end;
end
$$;

create aggregate pagetide.latest(value text, kind text) (sfunc = pagetide.later, stype = text);

-- A full run has seen everything, so its value stands even if it is lower.
create function pagetide.move_bookmarks(of_run bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into bookmark as k (stream, partition, value, run)
    select r.stream, part_key(j.part), latest(j.bookmark_high, j.bookmark_type), r.id
    from run r join job j on j.run = r.id
    where r.id = of_run and r.mode <> 'window' and j.bookmark_high is not null
    group by 1, 2, 4
    order by 2
    on conflict (stream, partition) do update set run = excluded.run,
        value = case when (select r.mode from run r where r.id = of_run) = 'full'
            then excluded.value else later(k.value, excluded.value, (select min(j.bookmark_type)
                from job j where j.run = of_run)) end
$$;

create function pagetide.close_run(ending bigint) returns text
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update run r set
        state = worst.state, reason = worst.reason, error = worst.error,
        pages = s.pages, records = s.records, bytes = s.bytes, rejects = s.rejects,
        asides = s.asides, retries = s.retries, finished_at = clock(),
        warnings = array(select unnest(r.warnings) union
            select unnest(j.warnings) from job j where j.run = ending order by 1)
    from (select * from job j where j.run = ending
            order by badness(j.state) desc, j.n limit 1) worst,
        (select sum(j.page) as pages, sum(j.records) as records, sum(j.bytes) as bytes,
            sum(j.rejects) as rejects, sum(j.asides) as asides, sum(j.retries) as retries
            from job j where j.run = ending) s
    where r.id = ending
    returning r.state
$$;

-- Called by everything that ends a job, after it: the last one ends the run. The run is locked
-- first and its jobs are looked at in a statement of their own, so of two jobs that end at once
-- the second sees the first. Returns the run's state, or null while it goes on.
create function pagetide.finish_run(ending bigint, start_next boolean default true) returns text
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    worst text;
    of_stream text;
begin
    select r.stream into of_stream from run r
    where r.id = ending and not is_end(r.state) for update;
    if not found or exists (select from job j where j.run = ending and not is_end(j.state)) then
        return null;
    end if;
    worst := close_run(ending);
    update request q set state = worst, reason = r.reason
    from run r where r.id = ending and q.run = ending and q.state = 'started';
    if worst = 'succeeded' then
        perform move_bookmarks(ending);
    end if;
    perform notify_run(ending);
    if start_next then
        perform start_pending(of_stream);
    end if;
    return worst;
end
$$;

-- Ends every unfinished job of a run, and the run. Their epochs rise, so whoever works on one is
-- refused at its next commit. Returns those jobs.
create function pagetide.cancel_run(cancelled bigint, start_next boolean default true)
returns setof bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    open_jobs bigint[];
begin
    perform lock_jobs(array(select j.id from job j where j.run = cancelled));
    open_jobs := array(select j.id from job j where j.run = cancelled and not is_end(j.state));
    update job j set state = 'cancelled', reason = 'cancelled', epoch = j.epoch + 1, owner = null,
        wait_until = null, waiting_for = null, finished_at = clock()
    where j.id = any (open_jobs);
    perform finish_run(cancelled, start_next);
    return query select unnest(open_jobs);
end
$$;

create function pagetide.run_summary(of_run bigint)
returns table (run bigint, stream text, state text, reason text, pages bigint, records bigint,
    bytes bigint, rejects bigint, asides bigint, retries bigint, seconds numeric, error text)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select r.id, r.stream, r.state, r.reason, sum(j.page)::bigint, sum(j.records)::bigint,
        sum(j.bytes)::bigint, sum(j.rejects)::bigint, sum(j.asides)::bigint,
        sum(j.retries)::bigint, round(coalesce(extract(epoch from
            coalesce(r.finished_at, clock()) - r.started_at), 0)::numeric, 3), r.error
    from run r join job j on j.run = r.id
    where r.id = of_run
    group by r.id
$$;
