-- Jobs whose workers are lost. A worker that is killed by a deploy, by the machine or by hand says as
-- little as one that its page has killed. So the first loss counts for nothing but care: from then on
-- until a page is committed the job's worker says when it has a page in its hands, and what is lost
-- before that is no fault of the page. Needs clock (helpers), finish_run (run_end), end_range
-- (ranges).

-- The worker of a job that has lost one begins with a page: to cut it, to load it. False: the job is
-- not its own any more.
create or replace function pagetide.enter_page(of_job bigint, in_epoch bigint, by_owner text)
returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update job j set at_page = true
    where j.id = of_job and j.epoch = in_epoch and j.owner = by_owner and j.state = 'running';
    return found;
end
$$;

-- The page is in the hands of PostgreSQL, and has been for longer than a page needs to kill: who is
-- lost while it waits there is no victim of the page. A job that is locked is being committed.
create or replace function pagetide.leave_page(of_job bigint, in_epoch bigint, by_owner text)
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update job j set at_page = false
    where j.id in (select o.id from job o where o.id = of_job and o.epoch = in_epoch
        and o.owner = by_owner and o.state = 'running' for update skip locked);
end
$$;

-- Whether one more loss is the last: the second in a row with the page at hand, the third of all at
-- least.
-- A page whose very bytes are too much for a worker is never at hand, so there is a hundredth too.
create or replace function pagetide.is_deadly(j pagetide.job) returns boolean
language sql immutable
as $$
    select j.at_page and j.crashes > 0 or j.losses >= 99
$$;

-- Its present page has killed its workers: the job is dead.
create or replace function pagetide.bury_job(buried pagetide.job) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update job j set state = 'dead', reason = 'crash', owner = null,
        losses = buried.losses + 1, crashes = buried.crashes + buried.at_page::int, finished_at = clock(),
        error = format('the worker was lost %s times at page %s, %s times while it held that page',
            buried.losses + 1, buried.page + 1, buried.crashes + buried.at_page::int)
    where j.id = buried.id;
    perform finish_run(buried.run);
    if buried.part ? 'range' then
        perform end_range(buried.run);
    end if;
end
$$;

-- A process holds at most one job that has lost a worker, so that a page that kills workers does
-- not take another such job with it. Asked under the lock of the job to be taken, in the one
-- session in which the process activates jobs.
create or replace function pagetide.holds_lost(who text, besides bigint) returns boolean
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select exists (select from job j where j.worker = who and j.state = 'running'
        and j.losses > 0 and j.id <> besides)
$$;
