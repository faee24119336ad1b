-- The commit of a batch: one message that takes every lock, judges every mark, and writes rows,
-- rejects, checkpoints and ledger together. Nothing in it waits for the client.
-- Needs clock, is_end, lock_jobs (helpers), save_pages, save_progress, save_notes (progress),
-- merge_rows (merge), check_direct (direct), weigh_keys (folded), finish_run (run_end),
-- end_by_bookmark (bookmarks).

-- The marks of a batch, in its order. A member that is JSON's null counts as absent, except
-- inside a checkpoint or an end; a mark without a page has page 0.
create or replace function pagetide.read_marks(batch jsonb) returns setof pagetide.mark
language sql stable
set search_path = pagetide, pg_temp
as $$
    select m.*
    from jsonb_array_elements(batch -> 'marks') with ordinality as item (fields, at)
    cross join lateral jsonb_populate_record(
        null::mark,
        item.fields || jsonb_build_object('n', item.at - 1,
            'page', coalesce(item.fields ->> 'page', '0')::int)) m
$$;

-- If the epochs are equal and the job is already past this page, this turn has committed the page
-- and lost the answer: skipped. This is checked before the fence (epoch and owner), because a
-- turn that has ended has no owner.
create or replace function pagetide.mark_verdict(m pagetide.mark, j pagetide.job) returns text
language sql immutable
as $$
    select case
        when m.epoch = j.epoch
            and (m.page between 1 and j.page or m.page = 0 and j.owner is null) then 'skipped'
        when m.epoch = j.epoch and m.owner = j.owner and j.state = 'running'
            and m.page in (0, j.page + 1) then 'applied'
        else 'refused'
    end
$$;

-- The page with which the run passes max_rejects is committed, and then its job fails.
create or replace function pagetide.end_by_rejects(m pagetide.mark, total bigint, most bigint)
returns jsonb
language sql immutable
as $$
    select case when m.rejects > 0 and total > most and m."end" ->> 'state' is distinct from 'failed'
        then jsonb_build_object('state', 'failed', 'reason', 'rejects', 'error', format(
            'page %s: %s records of the run are rejected, max_rejects is %s', m.page, total, most))
        else m."end"
    end
$$;

-- A job that read records and stored none of them has not succeeded, whatever the API said.
create or replace function pagetide.end_by_emptiness(m pagetide.mark, j pagetide.job)
returns jsonb
language sql immutable
as $$
    select case when m."end" ->> 'state' in ('succeeded', 'truncated') and j.records > 0
            and j.rejects >= j.records
        then jsonb_build_object('state', 'failed', 'reason', 'rejects', 'error', format(
            'all %s records were rejected', j.records))
        else m."end"
    end
$$;

-- Judges each mark as if the marks before it had been written. Once a mark of a turn is refused or
-- ends the turn, `closed` holds the turn's owner, and no later mark of the turn is applied.
create or replace function pagetide.give_verdicts(batch jsonb) returns setof pagetide.mark
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    most bigint := coalesce((batch ->> 'max_rejects')::bigint, 9223372036854775807);
    m mark;
    j job;
    closed text;
    counted_run bigint;
    rejects bigint;
begin
    for m in select * from read_marks(batch) r order by r.job, r.n loop
        if m.job is distinct from j.id then
            select * into j from job where id = m.job;
            closed := null;
        end if;
        if j.run is distinct from counted_run then
            counted_run := j.run;
            select sum(o.rejects) into rejects from job o where o.run = counted_run;
        end if;
        m.run := j.run;
        m.verdict := case when m.owner = closed then 'refused' else mark_verdict(m, j) end;
        if m.verdict = 'applied' then
            j.page := greatest(j.page, m.page);
            rejects := rejects + coalesce(m.rejects, 0);
            j.records := j.records + coalesce(m.records, 0);
            j.rejects := j.rejects + coalesce(m.rejects, 0);
            j.bookmark_high := coalesce(j.bookmark_high, m.bookmark_high);
            if m.rejects > 0 then
                m."end" := end_by_rejects(m, rejects, most);
            end if;
            if m."end" is not null then
                m."end" := end_by_emptiness(m, j);
                m."end" := end_by_bookmark(m, j);
            end if;
        end if;
        if m.verdict = 'refused' or m.verdict = 'applied' and m."end" is not null then
            closed := m.owner;
        end if;
        return next m;
    end loop;
end
$$;

-- The rejects of the applied marks.
create or replace function pagetide.save_rejects(rejects jsonb, marks pagetide.mark[])
returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into reject (run, job, page, position, reason, record, at)
    select m.run, m.job, m.page, r.position, r.reason, decode(r.record, 'base64'), clock()
    from jsonb_to_recordset(case when jsonb_typeof(rejects) = 'array' then rejects else '[]' end)
        as r (mark int, position bigint, reason text, record text)
    join unnest(marks) m on m.n = r.mark and m.verdict = 'applied'
    order by m.n, r.position
$$;

-- The ends of turns: a job is over, waits, or is given back. The owner is cleared by the same
-- statement, so that every later mark of the turn is refused.
create or replace function pagetide.end_turns(marks pagetide.mark[]) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update job j set
        state = e.state,
        owner = null,
        worker = case when is_end(e.state) or j.reserved then j.worker end,
        reason = nullif(e.reason, ''),
        error = nullif(e.error, ''),
        complete = case when is_end(e.state) then nullif(m.complete, '') end,
        complete_why = case when is_end(e.state) then nullif(m.complete_why, '') end,
        folded = coalesce(m.folded, j.folded),
        attempt = coalesce(e.attempt, j.attempt),
        told_waits = coalesce(e.told_waits, j.told_waits),
        wait_until = case when e.state = 'waiting'
            then clock() + coalesce(e.wait_ms, 0) * interval '1 millisecond' end,
        waiting_for = case when e.state = 'waiting' then nullif(e.waiting_for, '') end,
        finished_at = case when is_end(e.state) then clock() end
    from unnest(marks) m
    cross join lateral jsonb_to_record(m."end") as e (state text, reason text, error text,
        wait_ms bigint, waiting_for text, attempt int, told_waits int)
    where j.id = m.job and m.verdict = 'applied' and m."end" is not null
$$;

-- The answer: one row per mark. `ended` is true for the last mark of a job that is not refused, if
-- the job's turn is over: also where the batch was sent again and the first one wrote the end.
create or replace function pagetide.report_marks(marks pagetide.mark[])
returns table (n int, verdict text, ended boolean, state text, run_ended boolean, run_state text,
    warnings text, reason text, error text)
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select o.n, o.verdict, o.ended, case when o.ended then o.state end,
        o.ended and is_end(o.state) and is_end(r.state),
        case when o.ended then r.state end,
        case when o.ended and is_end(r.state) then array_to_string(r.warnings, E'\n') end,
        case when o.ended then o.reason end, case when o.ended then o.error end
    from (
        select m.n, m.run, m.verdict, j.state, j.reason, j.error, coalesce(j.state <> 'running' and m.n = max(m.n)
            filter (where m.verdict <> 'refused') over (partition by m.job), false) as ended
        from unnest(marks) m left join job j on j.id = m.job) o
    left join run r on r.id = o.run
    order by o.n
$$;

-- batch: {marks: [mark], rejects: [{mark, position, reason, record}], max_rejects, require, table:
-- {schema, name, stage, columns, key, write, direct, part, fills} or null, keys: hashes of the keys
-- (folded), or absent}.
create or replace function pagetide.commit_batch(batch jsonb)
returns table (n int, verdict text, ended boolean, state text, run_ended boolean, run_state text,
    warnings text, reason text, error text)
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    marks mark[];
    ending bigint;
begin
    perform lock_jobs(array(
        select (m ->> 'job')::bigint from jsonb_array_elements(batch -> 'marks') m));
    marks := array(select m from give_verdicts(batch) m);
    if (batch -> 'table' ->> 'direct')::boolean then
        perform check_direct(marks);
    end if;
    perform merge_rows(batch -> 'table', marks);
    marks := weigh_keys(batch, marks);
    perform save_rejects(batch -> 'rejects', marks);
    perform save_pages(marks);
    perform save_progress(marks);
    perform save_notes(marks);
    perform end_turns(marks);
    for ending in
        select distinct m.run from unnest(marks) m
        where m.verdict = 'applied' and is_end(m."end" ->> 'state') order by m.run
    loop
        perform set_config('synchronous_commit', 'on', true);
        perform finish_run(ending);
    end loop;
    return query select * from report_marks(marks);
end
$$;
