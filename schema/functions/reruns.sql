-- Scheduled runs that failed because of the API or the network, and go on by themselves. An outage of
-- an hour would else cost a daily stream its day.
-- Needs clock (helpers), retry (orders).

-- Whether the run is to go on now. `retry_run: {after, times}` of the definition that it ran by; a run
-- that a person asked for is that person's to repeat.
create or replace function pagetide.is_rerun_due(r pagetide.run) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select r.state = 'failed' and r.reason in ('http', 'body', 'server')
        and r.trigger in ('schedule', 'catch_up', 'after') and exists (
            select from definition d where d.stream = r.stream and d.version = r.version
                and r.reruns < coalesce((d.spec -> 'retry_run' ->> 'times')::int, 3)
                and r.finished_at
                    + coalesce((d.spec -> 'retry_run' ->> 'after')::interval, '5 minutes') <= clock())
$$;

-- Queues the failed jobs of such runs, each at its checkpoint. Only the newest run of a stream goes
-- on, and none of a stream that is paused or dropped.
create or replace function pagetide.rerun_due(most int) returns table (run bigint, stream text)
language plpgsql
set search_path = pagetide, pg_temp
as $$
#variable_conflict use_column
begin
    for run, stream in
        select n.id, n.stream from stream s
        cross join lateral (select * from run r where r.stream = s.name order by r.id desc limit 1) n
        where (s.schedule is not null or s.every_ms is not null or n.trigger = 'after')
            and s.removed_at is null and not s.paused and is_rerun_due(n::run)
        order by n.id limit most
    loop
        continue when (retry(run)).refusal is not null;
        update run r set reruns = r.reruns + 1 where r.id = rerun_due.run;
        return next;
    end loop;
end
$$;
