-- What Redis must know of the jobs, and what it may forget.
-- Needs clock, ms (helpers).

-- The jobs that must be in Redis: queued ones, those whose wait is over soon, and running ones
-- whose worker has been silent for three leases. Those never published come first, then those
-- published longest ago, so that the limit keeps none out for ever.
create or replace function pagetide.publishable(lease_ms bigint, most int)
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

-- Notes that these jobs are in Redis now.
create or replace function pagetide.published(jobs bigint[]) returns void
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
create or replace function pagetide.withdrawable(most int) returns table (job bigint)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select j.id from job j where j.state = 'cancelled' and j.enqueued_at is not null
    order by j.id limit most
$$;

-- Notes that these cancelled jobs are not in Redis any more.
create or replace function pagetide.withdrawn(jobs bigint[]) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update job j set enqueued_at = null
    where j.id in (select o.id from job o where o.id = any (jobs) and o.state = 'cancelled'
        order by o.id for update skip locked)
$$;
