-- `sync`: one process takes a whole run for itself, a new one or the active one of its stream.
-- Needs clock, ms, is_end (helpers), start_run, active_run, lock_whole_run (runs), cancel_run
-- (run_end), worker_is_stale (activation).

-- A worker that works on the run and may be alive. A later beat shows whether it is: `busy` where
-- one has come since `seen_before`, else `wait`.
create or replace function pagetide.sync_other(active bigint, who text, beat interval,
    known_gone text,
    seen_before timestamptz) returns pagetide.sync_answer
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select case when w.seen_at > seen_before then 'busy' else 'wait' end, active,
        w.id, w.host, w.pid, w.seen_at,
        ceil(extract(epoch from w.seen_at + 2 * beat - clock()) * 1000)::bigint, null::bigint,
        null::text
    from job j join worker w on w.id = j.worker
    where j.run = active and j.state in ('queued', 'running', 'waiting') and w.id <> who
        and not worker_is_stale(w.id, beat, known_gone)
    order by w.seen_at desc limit 1
$$;

-- Whether the active run does what `sync` wants: the same definition, mode and window.
create or replace function pagetide.is_same_run(active bigint, with_version int, with_mode text,
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

-- Keeps the run's jobs for this process. A lost owner loses its fence here. That does not count
-- as a crash, because a person is watching this run.
create or replace function pagetide.reserve_jobs(active bigint, who text) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update job j set worker = who, reserved = true, owner = null,
        state = case j.state when 'running' then 'queued' else j.state end
    where j.run = active and not is_end(j.state)
$$;

-- Has the run ended?
create or replace function pagetide.is_over(of_run bigint) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from run r where r.id = of_run and is_end(r.state))
$$;

-- Takes the stream's active run, or cancels it where it is another run than wanted and begins a
-- new one. `known_gone` names a worker of this host whose process has ended. `waited_for` is a run of
-- another process: where it has ended and was the one that is wanted, the answer is `over`. `refused`: a
-- run that would store records a second time does not begin; one that is taken up has been asked for.
create or replace function pagetide.sync_take(of_stream text, with_version int, with_mode text,
    from_time timestamptz, to_time timestamptz, who text, beat_ms bigint,
    known_gone text default null, seen_before timestamptz default null,
    waited_for bigint default null, may_repeat boolean default false)
returns pagetide.sync_answer
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    active bigint := active_run(of_stream);
    answer sync_answer;
begin
    if active is not null then
        if not lock_whole_run(active, of_stream) then
            return row('wait', active, null, null, null, null, 0, null, null)::sync_answer;
        end if;
        answer := sync_other(active, who, ms(beat_ms), known_gone, seen_before);
        if answer.verdict is not null then
            return answer;
        elsif is_same_run(active, with_version, with_mode, from_time, to_time) then
            perform reserve_jobs(active, who);
            return row('resumed', active, null, null, null, null, 0, null, null)::sync_answer;
        end if;
        perform cancel_run(active, false);
    end if;
    if active is null and is_over(waited_for)
            and is_same_run(waited_for, with_version, with_mode, from_time, to_time) then
        return row('over', waited_for, null, null, null, null, 0, null, null)::sync_answer;
    end if;
    answer.wait_ms := 0;
    answer.refusal := case when active is null and not may_repeat
        then sync_refusal(of_stream, with_version, with_mode, from_time, to_time) end;
    if answer.refusal is not null then
        answer.verdict := 'refused';
        return answer;
    end if;
    answer.run := start_run(of_stream, 'manual', with_mode, from_time, to_time, null, null, 5,
        who, with_version, may_repeat or active is null);
    answer.verdict := case when answer.run is null then 'wait' else 'new' end;
    answer.cancelled_run := active;
    return answer;
end
$$;

-- Why `sync` does not begin the run that is asked for, or null. One that is active is taken up. Processes of
-- the versions before ask this first.
create or replace function pagetide.sync_refusal(of_stream text, with_version int, with_mode text,
    from_time timestamptz, to_time timestamptz) returns text
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select case when active_run(of_stream) is null
        then append_refusal(d, with_mode, from_time, to_time) end
    from definition d where d.stream = of_stream and d.version = with_version
$$;
