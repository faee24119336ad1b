-- What is cleared away when it is old.
-- Needs clock (helpers), start_pending (runs), clear_kept (replace).

-- Runs that ended before `retention`, except each stream's newest run.
create or replace function pagetide.past_runs(retention interval) returns setof bigint
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select r.id from run r
    where r.finished_at < (select clock()) - retention
        and r.id < (select max(n.id) from run n where n.stream = r.stream)
$$;

-- Ends sooner where `most` rows are gone: the ledger of runs that ended before `retention`, then the
-- rejects, jobs, chores and history of those that are not their stream's newest. Gives how many rows.
create or replace function pagetide.clear_runs(retention interval, most bigint) returns bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    room bigint := most;
    gone bigint;
begin
    delete from page p using (select o.job, o.number from run r join job j on j.run = r.id
            join page o on o.job = j.id where r.finished_at < (select clock()) - retention limit room) old
    where p.job = old.job and p.number = old.number;
    get diagnostics gone = row_count;
    room := room - gone;
    delete from reject x using (select o.id from past_runs(retention) r join reject o on o.run = r
            limit room) old
    where x.id = old.id;
    get diagnostics gone = row_count;
    room := room - gone;
    delete from job j using (select o.id from past_runs(retention) r join job o on o.run = r
            limit room) old
    where j.id = old.id and room > 0;
    get diagnostics gone = row_count;
    room := room - gone;
    if room > 0 then
        delete from chore c where c.run in (select past_runs(retention));
        delete from same_rows s where s.run in (select past_runs(retention));
        delete from run r where r.id in (select o from past_runs(retention) o limit room);
        get diagnostics gone = row_count;
        room := room - gone;
    end if;
    return most - room;
end
$$;

-- One small step, which holds no lock for long: clears away `most` rows of what is older than
-- `retention`, runs with their jobs, ledger and rejects, then requests; a stream's newest
-- run stays. Gives how many rows it found: the next step may come at once where that is `most`.
-- With the last one go workers that have not been seen for a day and own nothing, and kept rows that
-- nobody wants; what is pending where no run is active is started: nothing should be.
create or replace function pagetide.housekeep_step(retention interval, most bigint) returns bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    done bigint := clear_runs(retention, most);
    gone bigint;
begin
    delete from request q using (select o.id from request o
            where o.state not in ('pending', 'started') and o.received_at < (select clock()) - retention
            limit most - done) old
    where q.id = old.id;
    get diagnostics gone = row_count;
    if done + gone >= most then
        return most;
    end if;
    perform clear_kept(retention);
    delete from worker w
    where w.seen_at < clock() - interval '1 day'
        and not exists (select from job j where j.worker = w.id
            and j.state in ('queued', 'running', 'waiting'));
    perform start_pending(q.stream) from (select distinct o.stream from request o
        where o.state = 'pending') q
    where not exists (select from run r where r.stream = q.stream
        and r.state in ('queued', 'running'));
    return done + gone;
end
$$;

-- All of it at once: by hand, and by processes of the versions before.
create or replace function pagetide.housekeep(retention interval) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select housekeep_step(retention, 1000000000000)
$$;
