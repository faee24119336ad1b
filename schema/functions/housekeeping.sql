-- What is cleared away when it is old.
-- Needs clock (helpers), start_pending (runs), clear_kept (replace).

-- Runs that ended before `retention`, except each stream's newest run.
create or replace function pagetide.past_runs(retention interval) returns setof bigint
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select r.id from run r
    where r.finished_at < clock() - retention
        and r.id < (select max(n.id) from run n where n.stream = r.stream)
$$;

-- Clears away what is older than `retention`: the runs that have ended, with their jobs, ledger
-- and rejects, and requests; a stream's newest run stays. Workers that have not been seen for a
-- day and own nothing go too. Starts what is pending where no run is active: nothing should be.
create or replace function pagetide.housekeep(retention interval) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    delete from reject x where x.run in (select past_runs(retention));
    delete from job j where j.run in (select past_runs(retention));
    delete from chore c where c.run in (select past_runs(retention));
    delete from run r where r.id in (select past_runs(retention));
    select clear_kept(retention);
    delete from page p using job j, run r
    where p.job = j.id and r.id = j.run and r.finished_at < clock() - retention;
    delete from request q
    where q.state not in ('pending', 'started') and q.received_at < clock() - retention;
    delete from worker w
    where w.seen_at < clock() - interval '1 day'
        and not exists (select from job j where j.worker = w.id
            and j.state in ('queued', 'running', 'waiting'));
    select count(start_pending(q.stream)) from (select distinct stream from request
        where state = 'pending') q
    where not exists (select from run r where r.stream = q.stream
        and r.state in ('queued', 'running'));
$$;
