-- Schedules: which streams are due, and what one tick does.
-- Needs clock, rfc3339 (helpers), start_run (runs).

-- Streams with a schedule whose time has come, or whose next_due must be worked out.
create or replace function pagetide.due(most int)
returns table (stream text, version int, schedule text, every_ms bigint, timezone text,
    next_due timestamptz, catch_up text, paused boolean, spread text)
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select s.name, s.version, s.schedule, s.every_ms, s.timezone, s.next_due, s.catch_up, s.paused,
        d.spec ->> 'spread'
    from (select * from stream o
        where (o.schedule is not null or o.every_ms is not null) and o.removed_at is null
            and not o.paused and (o.next_due is null or o.next_due <= (select clock()))
        order by o.next_due nulls first, o.name limit most) s
    left join definition d on d.stream = s.name and d.version = s.version
    order by s.next_due nulls first, s.name
$$;

-- When the stream is due next; null: to be worked out.
create or replace function pagetide.set_next_due(of_stream text, next timestamptz) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update stream set next_due = next where name = of_stream
$$;

-- Whether the tick of this instant has had its effect already: its run, or its pending request.
create or replace function pagetide.is_ticked(of_stream text, due timestamptz) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from run r where r.stream = of_stream and r.scheduled_for = due)
        or exists (select from request q where q.stream = of_stream and q.scheduled_for = due)
$$;

-- The id of the request that a tick makes.
create or replace function pagetide.tick_request(of_stream text, due timestamptz) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select 'tick:' || of_stream || ':' || rfc3339(due)
$$;

-- However many ticks come during one run, one request waits for its end.
create or replace function pagetide.pend_tick(of_stream text, due timestamptz) returns void
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
create or replace function pagetide.tick(of_stream text, due timestamptz, next timestamptz,
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
