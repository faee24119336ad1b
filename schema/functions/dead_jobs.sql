-- Jobs that crash: one at a time in a process, and dead after the third crash.
-- Needs clock (helpers), finish_run (run_end).

-- The third crash without a committed page between them: the job is dead.
create or replace function pagetide.bury_job(buried pagetide.job) returns void
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

-- A process holds at most one job that has crashed before, so that a page that kills workers does
-- not take another such job with it. Asked under the lock of the job to be taken, in the one
-- session in which the process activates jobs.
create or replace function pagetide.holds_crashed(who text, besides bigint) returns boolean
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select exists (select from job j where j.worker = who and j.state = 'running'
        and j.crashes > 0 and j.id <> besides)
$$;
