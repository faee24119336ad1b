-- One run with its jobs, those that ended worst first.
-- $1 run; $2 how many jobs are shown
select json_build_object('run', h.run, 'stream', h.stream, 'trigger', h.trigger, 'mode', h.mode,
    'state', h.state, 'reason', h.reason, 'error', h.error, 'pages', h.pages,
    'records', h.records, 'bytes', h.bytes, 'rejects', h.rejects, 'misfits', h.asides,
    'retries', h.retries, 'folded', h.folded, 'added', h.added, 'changed', h.changed,
    'deleted', h.deleted, 'tables', h.tables, 'warnings', h.warnings,
    'created_at', h.created_at, 'started_at', h.started_at, 'finished_at', h.finished_at,
    'seconds', h.seconds, 'scheduled_for', h.scheduled_for, 'request_id', h.request_id,
    'version', h.version, 'complete', h.complete, 'complete_why', h.complete_why,
    'window_from', r.window_from, 'window_to', r.window_to,
    'is_newest', not exists (select from pagetide.run n where n.stream = r.stream
        and n.id > r.id),
    'job_count', (select count(*) from pagetide.job j where j.run = h.run),
    'jobs', (select coalesce(json_agg(json_build_object('n', j.n, 'state', j.state,
        'reason', j.reason, 'error', left(j.error, 2000), 'page', j.page,
        'pages_total', j.pages_total, 'records', j.records, 'bytes', j.bytes,
        'rejects', j.rejects, 'misfits', j.asides, 'retries', j.retries,
        'waited_seconds', round(j.waited_ms / 1000.0, 1), 'partition', pagetide.job_words(j),
        'paging', j.paging, 'waiting_for', j.waiting_for,
        'wait_until', case when not j.part ? 'listing' then j.wait_until end,
        'worker', j.worker, 'step', case when j.state = 'running' then (select
            w.steps ->> j.id::text from pagetide.worker w where w.id = j.worker) end, 'complete', j.complete, 'complete_why', j.complete_why,
        'started_at', j.started_at, 'finished_at', j.finished_at)
        order by j.state in ('succeeded', 'queued'), j.n), '[]')
        from (select o.* from pagetide.job o where o.run = h.run
            order by o.state in ('succeeded', 'queued'), o.n limit $2::int) j))::text
from pagetide.history h join pagetide.run r on r.id = h.run where h.run = $1::bigint
