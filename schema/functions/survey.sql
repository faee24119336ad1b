-- What schedulers say in `/metrics`: rows of a metric's name (lib/core/metrics.h), its label
-- values, and its number; times and durations in milliseconds.
-- Needs clock (helpers), worker_is_stale (activation).

-- Of each stream: its last run that succeeded, the latest, and the latest that is over.
create or replace function pagetide.survey_streams()
returns table (stream text, paused boolean, last_state text, running boolean, failing boolean,
    reason text, records bigint, rejects bigint, misfits bigint, success_at timestamptz,
    owed_since timestamptz)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select s.name, s.paused, last.state, coalesce(last.state in ('queued', 'running'), false),
        coalesce(ended.state in ('failed', 'truncated', 'dead'), false), ended.reason,
        coalesce(sums.records, last.records, 0), coalesce(sums.rejects, last.rejects, 0),
        coalesce(sums.asides, last.asides, 0), good.finished_at,
        case when not s.paused and (s.schedule is not null or s.every_ms is not null)
            then least(owed.scheduled_for, s.next_due) end
    from stream s
    left join lateral (select r.* from run r
        where r.stream = s.name order by r.id desc limit 1) last on true
    left join lateral (select r.state, r.reason from run r
        where r.stream = s.name and r.state not in ('queued', 'running')
        order by r.id desc limit 1) ended on true
    left join lateral (select r.id, r.finished_at from run r
        where r.stream = s.name and r.state = 'succeeded' order by r.id desc limit 1) good on true
    left join lateral (select r.scheduled_for from run r
        where r.stream = s.name and r.id > coalesce(good.id, 0) and r.scheduled_for is not null
        order by r.id limit 1) owed on true
    left join lateral (select sum(j.records)::bigint as records, sum(j.rejects)::bigint as rejects,
            sum(j.asides)::bigint as asides
        from job j where j.run = last.id and last.state in ('queued', 'running')) sums on true
    where s.removed_at is null
$$;

-- At most so many streams have numbers of their own, the first by name; those of the others are
-- one, `other`.
create or replace function pagetide.survey(beat_ms bigint, most int)
returns table (metric text, label text, second_label text, number bigint)
language sql stable
set search_path = pagetide, pg_temp
as $$
    with streams as materialized (
        select t.*, row_number() over (order by t.stream) <= most as is_own
        from survey_streams() t),
    shown as materialized (
        select case when t.is_own then split_part(t.stream, '.', 1) else 'other' end as source,
            case when t.is_own then t.stream else 'other' end as stream,
            min(coalesce(extract(epoch from t.success_at) * 1000, 0))::bigint as success,
            max(coalesce(greatest(extract(epoch from (select clock()) - t.owed_since) * 1000, 0),
                0))::bigint as late,
            count(*) filter (where t.running) as running,
            count(*) filter (where t.failing) as failing,
            sum(t.records)::bigint as records, sum(t.rejects)::bigint as rejects,
            sum(t.misfits)::bigint as misfits
        from streams t group by 1, 2),
    open_jobs as materialized (
        select j.state, j.part, j.wait_until, j.owner, j.reserved, j.worker, r.created_at,
            j.state = 'queued' and j.worker is null as is_free
        from job j join run r on r.id = j.run
        where j.state in ('queued', 'running', 'waiting'))
    select m.* from shown s cross join lateral (values
        ('pagetide_stream_last_success_timestamp_seconds', s.source, s.stream, s.success),
        ('pagetide_stream_late_seconds', s.source, s.stream, s.late),
        ('pagetide_stream_running', s.source, s.stream, s.running),
        ('pagetide_stream_failing', s.source, s.stream, s.failing),
        ('pagetide_stream_records', s.source, s.stream, s.records),
        ('pagetide_stream_rejects', s.source, s.stream, s.rejects),
        ('pagetide_stream_misfits', s.source, s.stream, s.misfits)) m
    union all
    select 'pagetide_streams', k.state, '', count(t.stream)
    from unnest(array['none', 'paused', 'queued', 'running', 'succeeded', 'truncated', 'failed',
        'cancelled', 'dead']) k (state)
    left join streams t on k.state = case when t.paused then 'paused'
        else coalesce(t.last_state, 'none') end
    group by k.state
    union all
    select 'pagetide_streams_failing', coalesce(t.reason, 'none'), '', count(*)
    from streams t where t.failing group by 2
    union all
    select 'pagetide_jobs', k.state, '', count(j.state)
    from unnest(array['queued', 'running', 'waiting']) k (state)
    left join open_jobs j on j.state = k.state group by k.state
    union all
    select 'pagetide_jobs', 'dead', '', count(j.id)
    from streams t join run r on r.stream = t.stream and t.last_state = 'dead'
        and r.id = (select max(l.id) from run l where l.stream = t.stream)
    join job j on j.run = r.id and j.state = 'dead'
    union all
    select 'pagetide_job_oldest_queued_seconds', '', '',
        greatest(coalesce(max(extract(epoch from (select clock())
            - greatest(j.created_at, j.wait_until)) * 1000), 0), 0)::bigint
    from open_jobs j where j.is_free
    union all
    select 'pagetide_job_longest_wait_seconds', '', '',
        greatest(coalesce(max(extract(epoch from j.wait_until - (select clock())) * 1000), 0),
            0)::bigint
    from open_jobs j where j.state = 'waiting' and not j.part ? 'listing'
    union all
    select 'pagetide_workers', 'alive', '', count(*)
    from worker w where not worker_is_stale(w.id, beat_ms * interval '1 millisecond', null)
    union all
    select 'pagetide_workers', 'gone', '', count(distinct j.worker)
    from open_jobs j
    where j.owner is not null and not j.reserved
        and worker_is_stale(j.worker, beat_ms * interval '1 millisecond', null)
    union all
    select 'pagetide_schedulers', '', '', count(*)
    from scheduler s where s.seen_at >= clock() - beat_ms * 2 * interval '1 millisecond'
$$;
