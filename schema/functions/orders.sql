-- What a person orders: cancel, retry, pause, resume, remove a stream, set a bookmark. Each is
-- one statement that happens or is refused; workers and schedulers find the outcome.
-- Needs clock, is_end, lock_jobs (helpers), spec_parts, part_key (definitions), active_run,
-- notify_run (runs), cancel_run (run_end), forget_kept, has_lost_kept (replace), reopen_legs (legs).

-- Ends a run that is not over. A cancelled run may be cancelled again: nothing happens.
create or replace function pagetide.cancel(of_run bigint) returns pagetide.order_answer
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    a order_answer;
begin
    a.run := of_run;
    a.jobs := (select count(*) from cancel_run(of_run));
    select r.stream, r.state into a.stream, a.state from run r where r.id = of_run;
    if not found then
        a.refusal := format('there is no run %s', of_run);
    elsif a.jobs = 0 and a.state <> 'cancelled' then
        a.refusal := format('run %s has ended already: %s', of_run, a.state);
    end if;
    return a;
end
$$;

-- Whether a job in this state can go on by an order.
create or replace function pagetide.may_retry(state text) returns boolean
language sql immutable
as $$
    select state in ('failed', 'dead', 'cancelled')
$$;

-- … and does its run need what it has left undone? A range behind the end that the job in front of it
-- has found, or looks for now, is not read again.
create or replace function pagetide.may_go_on(j pagetide.job) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select may_retry(j.state) and (not j.part ? 'range' or exists (select from job o where o.run = j.run
        and o.n = (j.part -> 'range' ->> 'of')::int
        and (may_retry(o.state) or is_split(o) and o.state in ('waiting', 'queued'))))
$$;

-- Why a run cannot go on, or null. Only the newest run can: newer runs have passed over what an
-- older one left undone. Asked under the locks of the run and its jobs.
create or replace function pagetide.retry_refusal(r pagetide.run, of_n int) returns text
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select case
        when newest.id > r.id then format(
            'run %s is newer: only the newest run of a stream can go on', newest.id)
        when not exists (select from stream s where s.name = r.stream and s.removed_at is null)
            then format('stream %s has been dropped', r.stream)
        when of_n is not null and not exists (select from job j where j.run = r.id and j.n = of_n)
            then format('run %s has no job %s', r.id, of_n)
        when not exists (select from job j where j.run = r.id and may_go_on(j)
            and (of_n is null or j.n = of_n)) then format('%s is %s: nothing of it has failed',
            case when of_n is null then format('run %s', r.id)
                else format('job %s/%s', r.id, of_n) end,
            case when of_n is null then r.state
                else (select j.state from job j where j.run = r.id and j.n = of_n) end)
        when has_lost_kept(r.id) then format('the rows of run %s have been cleared away: begin a new '
            'run', r.id)
    end
    from (select max(n.id) as id from run n where n.stream = r.stream) newest
$$;

-- Jobs go on at their checkpoints, as if nothing had been tried yet: with a range also the job that
-- waits for it. Returns how many.
create or replace function pagetide.requeue_jobs(of_run bigint, of_n int) returns bigint
language sql volatile
set search_path = pagetide, pg_temp
as $$
    with queued as (
        update job j set state = case when j.part ? 'listing' then 'waiting' else 'queued' end,
            wait_until = case when j.part ? 'listing' then clock() + interval '100 years' end,
            waiting_for = case when j.part ? 'listing' then 'the list of its partitions' end,
            owner = null, worker = null, reserved = false,
            reason = null, error = null, attempt = 0, told_waits = 0, losses = 0, crashes = 0,
            enqueued_at = null, finished_at = null
        where j.run = of_run and may_go_on(j) and (of_n is null or j.n = of_n
            or of_n between (j.part -> 'split' ->> 'first')::int and (j.part -> 'split' ->> 'last')::int)
        returning 1)
    select count(*) from queued
$$;

-- A run that had ended is queued again, and the requests that it answered are under way again.
create or replace function pagetide.reopen_run(of_run bigint) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update run r set state = 'queued', reason = null, error = null, finished_at = null
    where r.id = of_run and is_end(r.state);
    if found then
        update request q set state = 'started', reason = null
        where q.run = of_run and is_end(q.state);
        perform notify_run(of_run);
    end if;
end
$$;

-- Failed, dead and cancelled jobs go on at their checkpoints, and the run with them. `of_n` names
-- one job of the run, which may still be active.
create or replace function pagetide.retry(of_run bigint, of_n int default null)
returns pagetide.order_answer
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    r run;
    a order_answer;
begin
    a.run := of_run;
    a.jobs := 0;
    perform lock_jobs(array(select j.id from job j where j.run = of_run));
    select * into r from run where id = of_run for update;
    if not found then
        a.refusal := format('there is no run %s', of_run);
        return a;
    end if;
    a.stream := r.stream;
    a.refusal := retry_refusal(r, of_n);
    if a.refusal is null then
        begin
            perform reopen_legs(of_run, of_n);
            a.jobs := requeue_jobs(of_run, of_n);
            perform reopen_run(of_run);
        exception when unique_violation then
            a.jobs := 0;
            a.refusal := format('another run of %s has begun', r.stream);
        end;
    end if;
    a.state := (select n.state from run n where n.id = of_run);
    return a;
end
$$;

-- The answer where there is no such stream.
create or replace function pagetide.unknown_stream(named text) returns pagetide.order_answer
language sql immutable
as $$
    select format('there is no stream %s', named), null::bigint, null::text, null::text, 0::bigint
$$;

-- A paused stream is not started by its schedule, nor by ticks that wait for the end of a run. A
-- run under way goes on, and a reload message still starts a run.
create or replace function pagetide.pause(of_stream text) returns pagetide.order_answer
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update stream set paused = true where name = of_stream and removed_at is null;
    if not found then
        return unknown_stream(of_stream);
    end if;
    update request q set state = 'skipped', reason = 'the stream was paused'
    where q.stream = of_stream and q.state = 'pending' and q.scheduled_for is not null;
    return row(null, null, of_stream, 'paused', 0)::order_answer;
end
$$;

-- Ticks missed meanwhile are made up for as catch_up says.
create or replace function pagetide.resume(of_stream text) returns pagetide.order_answer
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update stream set paused = false where name = of_stream and removed_at is null;
    if not found then
        return unknown_stream(of_stream);
    end if;
    return row(null, null, of_stream, 'scheduled', 0)::order_answer;
end
$$;

-- The first half of a removal, committed before the second: no run can begin after it, so that
-- the second ends the last one. The stream's table, bookmarks and history stay.
create or replace function pagetide.remove_stream(of_stream text) returns pagetide.order_answer
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update stream set removed_at = clock(), next_due = null, paused = false
    where name = of_stream and removed_at is null;
    if not found then
        return unknown_stream(of_stream);
    end if;
    return row(null, null, of_stream, 'removed', 0)::order_answer;
end
$$;

-- The second half: ends the active run and refuses what is pending.
create or replace function pagetide.end_removed(of_stream text) returns pagetide.order_answer
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    a order_answer;
begin
    a.run := active_run(of_stream);
    a.stream := of_stream;
    a.state := 'removed';
    a.jobs := (select count(*) from cancel_run(a.run, false));
    update request set state = 'refused', reason = 'the stream has been removed'
    where stream = of_stream and state = 'pending';
    perform forget_kept(of_stream, null);
    return a;
end
$$;

-- Why the stream can have no such bookmark, or null. `new_value` null: it is to be forgotten, also
-- where the definition has none any more.
create or replace function pagetide.bookmark_refusal(of_stream text, of_partition text,
    new_value text default null) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case
        when parts.keys is null then format('there is no stream %s', of_stream)
        when new_value is not null and parts.is_windowed and instant(new_value) is null
            then format('"%s" cannot be the bookmark of %s, which has windows: it is no time '
                '(RFC 3339, or a date)', new_value, of_stream)
        when new_value is not null and parts.bookmark is null and not parts.is_windowed
            then format('%s has no bookmark in its definition', of_stream)
        when new_value is not null and bookmark_kind(new_value, parts.bookmark ->> 'type') is null
            then format('"%s" cannot be the bookmark of %s: it is no %s', new_value, of_stream,
                case parts.bookmark ->> 'type' when 'number' then 'number' when 'time'
                    then 'time (RFC 3339, or a date)' when 'text' then 'text'
                    else 'number and no time (RFC 3339, or a date)' end)
        when of_partition = any (parts.keys) and not parts.is_listed
            or parts.is_listed and of_partition <> '' then null
        when parts.is_listed then format('%s has partitions: name one', of_stream)
        when of_partition = '' then format('%s has partitions: name one, such as %s', of_stream,
            parts.keys[1])
        else format('%s has no partition %s', of_stream, of_partition)
    end
    from (select array_agg(part_key(p.part) order by p.n) as keys,
            min((d.spec -> 'bookmark')::text)::jsonb as bookmark,
            bool_or(d.spec ? 'window') as is_windowed, bool_or(has_listing(d.spec)) as is_listed
        from stream s join definition d on d.stream = s.name and d.version = s.version
        cross join spec_parts(d.spec) p where s.name = of_stream) parts
$$;

-- `new_value` null: forgotten, so that the next run begins at the definition's start. A run under
-- way keeps the value it began with; at its end it moves the bookmark, but never back.
create or replace function pagetide.set_bookmark(of_stream text, of_partition jsonb,
    new_value text)
returns pagetide.order_answer
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    a order_answer;
    place text := coalesce(of_partition::text, '');
begin
    a.refusal := bookmark_refusal(of_stream, place, new_value);
    a.stream := (select s.name from stream s where s.name = of_stream);
    if a.refusal is null and new_value is null then
        delete from bookmark k where k.stream = of_stream and k.partition = place;
    elsif a.refusal is null then
        insert into bookmark as k (stream, partition, value) values (of_stream, place, new_value)
        on conflict (stream, partition) do update set value = excluded.value, run = null;
    end if;
    return a;
end
$$;
