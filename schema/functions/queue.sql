-- What Redis must know of the jobs, and what it may forget.
-- Needs clock, ms (helpers), has_open_ranges (ranges).

-- The jobs that must be in Redis: queued ones, those whose wait is over soon, and running ones
-- whose worker has been silent for three leases. Not one that waits for its ranges. Those never published come first, then those
-- published longest ago, so that the limit keeps none out for ever.
create or replace function pagetide.publishable(lease_ms bigint, most int)
returns table (job bigint, run bigint, source text, priority int, delay_ms bigint)
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select j.id, r.id, split_part(r.stream, '.', 1), r.priority::int,
        greatest(0, ceil(extract(epoch from j.wait_until - t.now) * 1000))::bigint
    from (select clock()) t (now), job j join run r on r.id = j.run
    left join worker w on w.id = j.worker
    where case j.state
        when 'running' then coalesce(w.seen_at < t.now - 3 * ms(lease_ms), true)
        when 'waiting' then coalesce(j.wait_until < t.now + interval '15 seconds', true)
            and not (j.reserved and coalesce(w.seen_at >= t.now - ms(lease_ms), false))
        when 'queued' then
            not (j.reserved and coalesce(w.seen_at >= t.now - ms(lease_ms), false))
        else false end
        and j.state in ('queued', 'running', 'waiting')
        and not (j.part ? 'split' and has_open_ranges(j))
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

-- How many requests of a stream may be in flight by the limits that it shares with its source, and by
-- its own; null where there is none.
create or replace function pagetide.stream_concurrency(spec jsonb, out shared bigint, out own bigint)
language sql immutable
set search_path = pagetide, pg_temp
as $$
    select min((l ->> 'concurrency')::bigint) filter (where l ->> 'scope' = 'source'),
        min((l ->> 'concurrency')::bigint) filter (where l ->> 'scope' = 'stream')
    from jsonb_array_elements(case jsonb_typeof(spec -> 'rate_limit')
        when 'array' then spec -> 'rate_limit' else '[]' end) l
$$;

-- The sources whose turns in the queue are not like the others', a line each: name, weight, and how
-- many jobs workers may hold at once, or "-". A source has such a limit where all of its streams have
-- a `concurrency`: twice that, so that jobs can load while others fetch. More would only keep
-- places of workers from other sources.
create or replace function pagetide.source_shares() returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    with share as (
        select split_part(s.name, '.', 1) as source, max((d.spec ->> 'weight')::int) as weight,
            case when bool_and(coalesce(c.shared, c.own) is not null)
                then 2 * (coalesce(max(c.shared), 0) + coalesce(sum(c.own), 0)) end as most
        from stream s join definition d on d.stream = s.name and d.version = s.version
        cross join lateral stream_concurrency(d.spec) c
        where s.removed_at is null
        group by 1)
    select coalesce(E'\n' || string_agg(concat_ws(' ', source, coalesce(weight, 1),
        coalesce(most::text, '-')), E'\n' order by source) || E'\n', '')
    from share where weight is not null or most is not null
$$;
