-- Workers and the jobs they hold: registration, activation, beats, and what is to be queued.

create function pagetide.ms(count bigint) returns interval
language sql immutable parallel safe
as $$
    select count * interval '1 millisecond'
$$;

create function pagetide.worker_seen(who text, on_host text, with_pid int, with_version text)
returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into worker (id, host, pid, version) values (who, on_host, with_pid, with_version)
    on conflict (id) do update set seen_at = clock()
$$;

create function pagetide.worker_start(who text, on_host text, with_pid int, with_version text)
returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select worker_seen(who, on_host, with_pid, with_version)
$$;

-- Gives back, uncounted, what this process owns according to PostgreSQL but does not hold. A
-- job that is locked is being committed: it is left for the next round.
create function pagetide.release_jobs(who text, held bigint[]) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update job j set state = 'queued', owner = null, enqueued_at = null,
        worker = case when j.reserved then j.worker end
    where j.id in (select o.id from job o where o.worker = who and o.state = 'running'
        and o.id <> all (held) order by o.id for update skip locked)
$$;

create function pagetide.worker_stop(who text) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select release_jobs(who, '{}');
    update job j set worker = null, reserved = false, enqueued_at = null
    where j.id in (select o.id from job o where o.worker = who and o.reserved
        and o.state in ('queued', 'waiting') order by o.id for update skip locked);
    delete from worker where id = who;
$$;

-- Whether a job is still this process's: it runs, or it has come to an end that only its owner
-- can write, and the answer to that commit is on its way. One that is reserved waits in the
-- process itself.
create function pagetide.is_held(held bigint, who text) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from job j where j.id = held and j.worker = who
        and (j.state in ('running', 'succeeded', 'truncated', 'failed')
            or j.reserved and j.state = 'waiting'))
$$;

-- One round of beats. Returns those of `held` that this process does not own any more. `held`
-- names every job it holds or is activating.
create function pagetide.beat(who text, on_host text, with_pid int, with_version text,
    held bigint[]) returns table (job bigint)
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select worker_seen(who, on_host, with_pid, with_version);
    select release_jobs(who, held);
    select h.id from unnest(held) as h (id) where not is_held(h.id, who);
$$;

create function pagetide.worker_is_stale(who text, beat interval, known_gone text)
returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce(who = known_gone, false) or not exists (select from worker w
        where w.id = who and w.seen_at >= clock() - 2 * beat)
$$;

-- Whether `who` may activate a job: free, gone, busy, waiting, or crash, where it can be taken
-- from an owner that is no more.
create function pagetide.judge_claim(j pagetide.job, who text, beat interval, known_gone text)
returns text
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select case
        when j.id is null or is_end(j.state) then 'gone'
        when j.worker <> who and not worker_is_stale(j.worker, beat, known_gone)
            then case when j.reserved then 'gone' else 'busy' end
        when j.state = 'waiting' and j.wait_until > clock() then 'waiting'
        when j.owner is not null and j.worker <> who then 'crash'
        else 'free'
    end
$$;

-- The third crash without a committed page between them.
create function pagetide.bury_job(buried pagetide.job) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update job j set state = 'dead', reason = 'crash', owner = null, crashes = buried.crashes + 1,
        finished_at = clock(), error = format(
            'the worker was lost %s times at page %s', buried.crashes + 1, buried.page + 1)
    where j.id = buried.id;
    perform finish_run(buried.run);
end
$$;

-- A client that was stopped inside COPY keeps its locks until its backend is terminated. Only
-- the lost worker's sessions that have stood still for a lease are ended, and a role that may
-- not do it leaves them.
create function pagetide.end_stuck_sessions(of_worker text, lease interval) returns void
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

-- Of the jobs that have seen a crash a process holds one, so that a bad one takes no other with
-- it. Asked under the lock of the job to be taken, in the session of all its activations.
create function pagetide.holds_crashed(who text, besides bigint) returns boolean
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select exists (select from job j where j.worker = who and j.state = 'running'
        and j.crashes > 0 and j.id <> besides)
$$;

create function pagetide.take_job(taken pagetide.job, who text, token text, crashed boolean)
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update job j set state = 'running', epoch = j.epoch + 1, owner = token, worker = who,
        reserved = j.reserved and j.worker = who,
        crashes = j.crashes + crashed::int,
        wait_until = null, waiting_for = null,
        started_at = coalesce(j.started_at, clock())
    where j.id = taken.id;
    -- What is taken up again goes on in the run's own time, which its expressions have seen.
    update run r set state = 'running', started_at = coalesce(r.started_at, clock())
    where r.id = taken.run and r.state = 'queued';
    if found then
        perform notify_run(taken.run);
    end if;
end
$$;

create function pagetide.rfc3339(instant timestamptz) returns text
language sql stable
as $$
    select to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
        || case when date_part('microsecond', instant)::int % 1000000 = 0 then 'Z'
            else to_char(instant at time zone 'UTC', '.US"Z"') end
$$;

create type pagetide.activation as (
    verdict text, -- taken, gone, busy, waiting, crashed
    wait_ms bigint,
    other_worker text,
    other_host text,
    other_pid int,
    id bigint,
    run bigint,
    n int,
    stream text,
    version int,
    spec jsonb,
    part jsonb,
    mode text,
    window_from text,
    window_to text,
    bookmark text,
    started_us bigint,
    epoch bigint,
    owner text,
    checkpoint jsonb,
    page int,
    records bigint,
    rejects bigint, -- of the whole run
    attempt int,
    told_waits int,
    crashes int,
    elapsed_ms bigint -- since the job began for the first time
);

create function pagetide.taken_job(taken bigint) returns pagetide.activation
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select 'taken', 0::bigint, null::text, null::text, null::int,
        j.id, r.id, j.n, r.stream, r.version, d.spec, j.part, r.mode,
        rfc3339(r.window_from), rfc3339(r.window_to), j.bookmark,
        (extract(epoch from r.started_at) * 1000000)::bigint, j.epoch, j.owner, j.checkpoint,
        j.page, j.records, (select sum(o.rejects)::bigint from job o where o.run = r.id),
        j.attempt, j.told_waits, j.crashes,
        (extract(epoch from clock() - j.started_at) * 1000)::bigint
    from job j join run r on r.id = j.run
    join definition d on d.stream = r.stream and d.version = r.version
    where j.id = taken
$$;

create function pagetide.refused_claim(j pagetide.job, why text) returns pagetide.activation
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
    a.wait_ms := case why when 'gone' then 0 when 'waiting'
        then ceil(extract(epoch from j.wait_until - clock()) * 1000) else 1000 end;
    return a;
end
$$;

-- Takes the fence of a job for a worker that has its lease: epoch + 1 and a fresh token, made
-- durable, because a later epoch must never be issued twice. `known_gone` names a worker of this
-- host whose process does not live. Only a takeover from a lost owner counts as a crash, and a
-- process takes one job with crashes at a time.
create function pagetide.activate(wanted bigint, who text, on_host text, token text,
    beat_ms bigint, may_take_crashed boolean, known_gone text default null)
returns pagetide.activation
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    j job;
    claim text;
begin
    perform set_config('synchronous_commit', 'on', true);
    select * into j from job where id = wanted for update;
    claim := judge_claim(j, who, ms(beat_ms), (select w.id from worker w
        where w.id = known_gone and w.host = on_host));
    if claim not in ('free', 'crash') then
        return refused_claim(j, claim);
    elsif claim = 'crash' and j.crashes >= 2 then
        perform bury_job(j);
        return refused_claim(j, 'gone');
    elsif (claim = 'crash' or j.crashes > 0)
        and (not may_take_crashed or holds_crashed(who, wanted)) then
        return refused_claim(j, 'crashed');
    end if;
    if claim = 'crash' then
        perform end_stuck_sessions(j.worker, ms(3 * beat_ms));
    end if;
    perform take_job(j, who, token, claim = 'crash');
    return taken_job(wanted);
end
$$;

-- What must be known to Redis: jobs that are queued or whose wait is over soon, and running
-- ones whose worker has been silent for three leases. Those never published come first, then
-- those published longest ago, so that a limit starves nobody.
create function pagetide.publishable(lease_ms bigint, most int)
returns table (job bigint, run bigint, source text, priority int, delay_ms bigint)
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select j.id, r.id, split_part(r.stream, '.', 1), r.priority::int,
        greatest(0, ceil(extract(epoch from j.wait_until - clock()) * 1000))::bigint
    from job j join run r on r.id = j.run
    left join worker w on w.id = j.worker
    where case j.state
        when 'running' then coalesce(w.seen_at < clock() - 3 * ms(lease_ms), true)
        when 'waiting' then coalesce(j.wait_until < clock() + interval '15 seconds', true)
            and not (j.reserved and coalesce(w.seen_at >= clock() - ms(lease_ms), false))
        when 'queued' then
            not (j.reserved and coalesce(w.seen_at >= clock() - ms(lease_ms), false))
        else false end
        and j.state in ('queued', 'running', 'waiting')
    order by j.enqueued_at nulls first, r.priority desc, j.id
    limit most
$$;

create function pagetide.published(jobs bigint[]) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update job j set enqueued_at = clock()
    where j.id in (select o.id from job o where o.id = any (jobs)
        and o.state in ('queued', 'running', 'waiting', 'cancelled')
        order by o.id for update skip locked)
$$;

-- Cancelled jobs that Redis may still know: found and noted by the scheduler, which takes them
-- out there.
create function pagetide.withdrawable(most int) returns table (job bigint)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select j.id from job j where j.state = 'cancelled' and j.enqueued_at is not null
    order by j.id limit most
$$;

create function pagetide.withdrawn(jobs bigint[]) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update job j set enqueued_at = null
    where j.id in (select o.id from job o where o.id = any (jobs) and o.state = 'cancelled'
        order by o.id for update skip locked)
$$;
