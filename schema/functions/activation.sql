-- Activation: a worker that has the lease of a job takes its fence.
-- Needs clock, ms, rfc3339, is_end, wait_for_disk (helpers), notify_run (runs), bury_job and
-- is_deadly, holds_lost (dead_jobs), open_legs (legs), has_open_ranges, joined_checkpoint (ranges).

-- Whether a worker has missed two beats, is not registered, or is known to have gone.
create or replace function pagetide.worker_is_stale(who text, beat interval, known_gone text)
returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce(who = known_gone, false) or not exists (select from worker w
        where w.id = who and w.seen_at >= clock() - 2 * beat)
$$;

-- Whether `who` may activate a job: free, gone (over, or kept for another), busy, waiting, or
-- lost: it can be taken from an owner that is no more. One that waits for its ranges is gone too: the
-- last of them queues it anew (end_range). A `sync` keeps what is its own.
create or replace function pagetide.may_activate(j pagetide.job, who text, beat interval,
    known_gone text)
returns text
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select case
        when j.id is null or is_end(j.state) then 'gone'
        when j.worker <> who and not worker_is_stale(j.worker, beat, known_gone)
            then case when j.reserved then 'gone' else 'busy' end
        when has_open_ranges(j)
            then case when j.reserved and j.worker = who then 'waiting' else 'gone' end
        when j.state = 'waiting' and j.wait_until > clock() then 'waiting'
        when j.owner is not null and j.worker <> who then 'lost'
        else 'free'
    end
$$;

-- A client that was stopped inside COPY keeps its locks until its backend is terminated. Ends only
-- those sessions of the lost worker that have done nothing for a lease. Does nothing where our
-- role may not.
create or replace function pagetide.end_stuck_sessions(of_worker text, lease interval)
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    perform pg_terminate_backend(a.pid) from pg_stat_activity a
    where a.application_name = left('pagetide ' || of_worker, 63)
        and a.datname = current_database()
        and a.state_change < clock_timestamp() - lease
        and (a.state like 'idle in transaction%'
            or a.state = 'active' and a.wait_event = 'ClientRead' and a.query ~* '^\s*copy');
exception when insufficient_privilege then
    null;
end
$$;

-- Raises the epoch and writes the owner; the run begins with its first job. `lost`: the owner
-- before is gone, which is a crash where it held a page. Where it held none, the crash before is
-- taken for chance too.
create or replace function pagetide.take_job(taken pagetide.job, who text, token text,
    lost boolean)
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update job j set state = 'running', epoch = j.epoch + 1, owner = token, worker = who,
        reserved = j.reserved and j.worker = who,
        losses = j.losses + lost::int,
        crashes = case when j.at_page then j.crashes + lost::int when lost then 0
            else j.crashes end,
        at_page = false,
        wait_until = null, waiting_for = null,
        started_at = coalesce(j.started_at, clock())
    where j.id = taken.id;
    -- A run that is resumed keeps its start: expressions have used it.
    update run r set state = 'running', started_at = coalesce(r.started_at, clock())
    where r.id = taken.run and r.state = 'queued';
    if found then
        perform notify_run(taken.run);
    end if;
end
$$;

-- The content type of `accept` that the API took in the last run that succeeded, as {"accept": type}; {}
-- where there is none but the first, or the definition names others by now.
create or replace function pagetide.kept_accept(r pagetide.run, of_spec jsonb) returns jsonb
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    last_run bigint;
begin
    if not of_spec ? 'accept' then
        return '{}';
    end if;
    select b.id into last_run from run b join definition d on d.stream = b.stream
        and d.version = b.version and d.spec -> 'accept' = of_spec -> 'accept'
    where b.stream = r.stream and b.id < r.id and b.state = 'succeeded' order by b.id desc limit 1;
    return coalesce((select jsonb_build_object('accept', j.checkpoint -> 'accept') from job j
        where j.run = last_run and j.checkpoint ? 'accept' order by j.n limit 1), '{}');
end
$$;

-- All that a worker needs to go on with the job.
create or replace function pagetide.taken_job(taken bigint) returns pagetide.activation
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select 'taken', 0::bigint, null::text, null::text, null::int,
        j.id, r.id, j.n, r.stream, r.version, d.spec,
        case when is_split(j) then split_part_of(j)
            else open_legs(j) || kept_accept(r, d.spec) end, r.mode,
        coalesce(j.part -> 'window' ->> 'from', rfc3339(r.window_from)),
        coalesce(j.part -> 'window' ->> 'to', rfc3339(r.window_to)), j.bookmark,
        (extract(epoch from r.started_at) * 1000000)::bigint, j.epoch, j.owner,
        case when is_split(j) then joined_checkpoint(j) else j.checkpoint end,
        j.page, j.records, (select coalesce(sum(o.rejects + sum_counts(o.table_rejects)), 0)::bigint
            from job o where o.run = r.id and (o.rejects > 0 or o.table_rejects <> '{}')),
        j.attempt, j.told_waits, j.losses,
        (extract(epoch from clock() - j.started_at) * 1000)::bigint
    from job j join run r on r.id = j.run
    join definition d on d.stream = r.stream and d.version = r.version
    where j.id = taken
$$;

-- Why the job was not taken, by whom it is held, and when to ask again.
create or replace function pagetide.refused_activation(j pagetide.job, why text)
returns pagetide.activation
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    a activation;
begin
    select w.id, w.host, w.pid into a.other_worker, a.other_host, a.other_pid
    from worker w where w.id = j.worker;
    a.verdict := why;
    a.id := j.id;
    a.wait_ms := case when why = 'gone' then 0
        when why = 'waiting' and has_open_ranges(j) then 10000
        when why = 'waiting' then ceil(extract(epoch from j.wait_until - clock()) * 1000)
        else 1000 end;
    return a;
end
$$;

-- Takes the fence of a job for a worker that has its lease: epoch + 1 and a fresh token, made
-- durable, because an epoch must never be issued twice. `known_gone` names a worker of this host
-- whose process has ended. A process takes one job at a time that has lost a worker. One of a
-- version before knows nothing of legs: it leaves such a job to others.
create or replace function pagetide.activate(wanted bigint, who text, on_host text, token text,
    beat_ms bigint, may_take_crashed boolean, known_gone text default null,
    takes_legs boolean default false)
returns pagetide.activation
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    j job;
    verdict text;
begin
    perform wait_for_disk(true);
    -- A job that is being committed may be locked for long; that is no server which says nothing.
    perform set_config('lock_timeout', '4s', true);
    select * into j from job where id = wanted for update;
    verdict := may_activate(j, who, ms(beat_ms), (select w.id from worker w
        where w.id = known_gone and w.host = on_host));
    if verdict not in ('free', 'lost') then
        return refused_activation(j, verdict);
    elsif j.part ? 'legs' and not takes_legs then
        return refused_activation(j, 'busy');
    elsif verdict = 'lost' and is_deadly(j) then
        perform bury_job(j);
        return refused_activation(j, 'gone');
    elsif (verdict = 'lost' or j.losses > 0)
        and (not may_take_crashed or holds_lost(who, wanted)) then
        return refused_activation(j, 'crashed');
    end if;
    if verdict = 'lost' then
        perform end_stuck_sessions(j.worker, ms(3 * beat_ms));
    end if;
    perform take_job(j, who, token, verdict = 'lost');
    return taken_job(wanted);
end
$$;
