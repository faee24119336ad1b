-- Workers: registration, beats, and what a worker gives back.
-- Needs clock (helpers), is_split (ranges).

-- Registers the worker, or notes that it lives, and at which step each of its jobs is.
create or replace function pagetide.worker_seen(who text, on_host text, with_pid int,
    with_version text, at_steps jsonb default '{}')
returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into worker (id, host, pid, version, steps)
        values (who, on_host, with_pid, with_version, at_steps)
    on conflict (id) do update set seen_at = clock(), steps = at_steps
$$;

-- The worker begins.
create or replace function pagetide.worker_start(who text, on_host text, with_pid int,
    with_version text)
returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select worker_seen(who, on_host, with_pid, with_version)
$$;

-- Gives back the jobs that this process owns according to PostgreSQL but does not hold; that
-- does not count as a crash. A locked job is being committed: it is left for the next round.
create or replace function pagetide.release_jobs(who text, held bigint[]) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update job j set state = 'queued', owner = null, enqueued_at = null,
        worker = case when j.reserved then j.worker end
    where j.id in (select o.id from job o where o.worker = who and o.state = 'running'
        and o.id <> all (held) order by o.id for update skip locked)
$$;

-- The worker ends: everything it holds or reserves is free, and its registration goes.
create or replace function pagetide.worker_stop(who text) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select release_jobs(who, '{}');
    update job j set worker = null, reserved = false, enqueued_at = null
    where j.id in (select o.id from job o where o.worker = who and o.reserved
        and o.state in ('queued', 'waiting') order by o.id for update skip locked);
    delete from worker where id = who;
$$;

-- How many processes read from each source now, `who` counted among them: they share its rate limits.
create or replace function pagetide.crowds(who text) returns table (source text, workers bigint)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select split_part(r.stream, '.', 1), count(distinct j.worker)
        + (not bool_or(j.worker = who))::int
    from job j join run r on r.id = j.run
    where j.state = 'running' and j.worker is not null group by 1
$$;

-- Whether a job is still this process's: it runs; or it has an end that only its owner can have
-- written, and the answer to that commit is on its way; or it is reserved and waits in the process
-- itself.
create or replace function pagetide.is_held(held bigint, who text) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from job j where j.id = held and j.worker = who
        and (j.state in ('running', 'succeeded', 'truncated', 'failed')
            or j.reserved and (j.state = 'waiting' or is_split(j))))
$$;

-- One round of beats. Returns those of `held` that this process does not own any more. `held`
-- names every job it holds or is activating; `at_steps` says {job: step} for `pagetide jobs`.
create or replace function pagetide.beat(who text, on_host text, with_pid int, with_version text,
    held bigint[], at_steps jsonb default '{}') returns table (job bigint)
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select worker_seen(who, on_host, with_pid, with_version, at_steps);
    select release_jobs(who, held);
    select h.id from unnest(held) as h (id) where not is_held(h.id, who);
$$;
