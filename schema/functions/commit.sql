-- The commit of a batch: one message that takes every lock, judges every mark, and writes rows,
-- rejects, checkpoints and ledger together. Nothing in it waits for the client.
--
-- A batch has up to hundreds of marks, and many batches come in a second. So each step is one
-- statement over all marks, in PL/pgSQL, which keeps its plan: a function in SQL is planned anew at
-- each call. A step that only few batches need is left out of the others.
--
-- Needs clock, is_end, lock_jobs, wait_for_disk (helpers), save_pages, save_progress, save_notes (progress),
-- merge_tables, save_tables, sum_counts (tables), check_direct (direct), batch_keys, weigh_keys, save_keys (folded),
-- finish_run (run_end), end_by_bookmark (bookmarks), save_legs (legs), ranges, put_ranges, end_range (ranges).

-- The marks of a batch, in its order. A member that is JSON's null counts as absent, except
-- inside a checkpoint or an end; a mark without a page has page 0.
create or replace function pagetide.read_marks(batch jsonb) returns pagetide.mark[]
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    marks mark[] := array(select m from jsonb_populate_recordset(null::mark, batch -> 'marks') m);
begin
    -- Processes of the versions before leave these out.
    for i in 1 .. cardinality(marks) loop
        exit when marks[i].n is not null;
        marks[i].n := i - 1;
        marks[i].page := coalesce(marks[i].page, 0);
    end loop;
    return marks;
end
$$;

-- If the epochs are equal and the job is already past this page, this turn has committed the page
-- and lost the answer: skipped. This is checked before the fence (epoch and owner), because a
-- turn that has ended has no owner. Behind is a job that PostgreSQL knows less of than it has confirmed:
-- it crashed, or a replica took over.
create or replace function pagetide.mark_verdict(m pagetide.mark, j pagetide.job) returns text
language sql immutable
as $$
    select case
        when m.epoch = j.epoch
            and (m.page between 1 and j.page or m.page = 0 and j.owner is null) then 'skipped'
        when m.epoch > j.epoch then 'behind'
        when m.epoch < j.epoch or m.owner is distinct from j.owner or j.state <> 'running' then 'refused'
        when m.page = j.page + 1 or m.page = 0 and coalesce(m.after, j.page) = j.page then 'applied'
        when greatest(m.page - 1, m.after) > j.page then 'behind'
        else 'refused'
    end
$$;

-- The page with which the run passes max_rejects is committed, and then its job fails.
create or replace function pagetide.end_by_rejects(m pagetide.mark, total bigint, most bigint)
returns jsonb
language sql immutable
as $$
    select case when total > most and m."end" ->> 'state' is distinct from 'failed'
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

-- Judges each mark as if the marks before it had been written, and gives all of them, in the order of
-- the batch. Once a mark of a turn is refused or ends the turn, `closed` holds the turn's owner, and
-- no later mark of the turn is applied. A leg is judged as a job of its own: by its own counts; a job
-- that has ranges by theirs and its own.
create or replace function pagetide.give_verdicts(marks pagetide.mark[], most bigint)
returns pagetide.mark[]
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    m mark;
    j job;
    l job_leg;
    closed text;
    counted_run bigint;
    rejects bigint;
begin
    for m in select u.* from unnest(marks) u order by u.job, u.n loop
        if m.job is distinct from j.id then
            select * into j from job where id = m.job;
            if j.part ? 'split' then
                select j.records + sum(r.records), j.rejects + sum(r.rejects),
                    coalesce(j.bookmark_high, max(r.bookmark_high))
                into j.records, j.rejects, j.bookmark_high from ranges(j) r;
            end if;
            closed := null;
            l := null;
        end if;
        if m.leg is distinct from l.n then
            select * into l from job_leg o where o.job = m.job and o.n = m.leg;
            j.records := l.records;
            j.rejects := l.rejects;
            j.bookmark_high := l.bookmark_high;
        end if;
        if j.run is distinct from counted_run then
            counted_run := j.run;
            select coalesce(sum(o.rejects + sum_counts(o.table_rejects)), 0) into rejects from job o
            where o.run = counted_run and (o.rejects > 0 or o.table_rejects <> '{}');
        end if;
        m.run := j.run;
        m.verdict := case when m.owner = closed then 'refused' else mark_verdict(m, j) end;
        if m.verdict = 'applied' then
            j.page := greatest(j.page, m.page);
            j.records := j.records + coalesce(m.records, 0);
            if m.bookmark_high is not null then
                j.bookmark_high := coalesce(j.bookmark_high, m.bookmark_high);
            end if;
            if m.rejects > 0 or m.table_rejects is not null then
                rejects := rejects + coalesce(m.rejects, 0) + sum_counts(m.table_rejects);
                j.rejects := j.rejects + coalesce(m.rejects, 0);
                m."end" := end_by_rejects(m, rejects, most);
            end if;
            if m."end" is not null and not j.part ? 'range' then
                m."end" := end_by_emptiness(m, j);
                m."end" := end_by_bookmark(m, j);
            end if;
        end if;
        if m.verdict in ('refused', 'behind')
            or m.verdict = 'applied' and m."end" is not null and m.more is not true then
            closed := m.owner;
        end if;
        marks[m.n + 1] := m;
    end loop;
    return marks;
end
$$;

-- The rejects of the applied marks.
create or replace function pagetide.save_rejects(rejects jsonb, marks pagetide.mark[])
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    insert into reject (run, job, leg, page, position, reason, record, added, of_table, at)
    select m.run, m.job, m.leg, m.page, r.position, r.reason, decode(r.record, 'base64'), r.added,
        r.of_table, clock()
    from jsonb_to_recordset(rejects)
        as r (mark int, position bigint, reason text, record text, added text, of_table text)
    join unnest(marks) m on m.n = r.mark and m.verdict = 'applied'
    order by m.n, r.position;
end
$$;

-- The ends of turns: a job is over, waits, or is given back. The owner is cleared by the same
-- statement, so that every later mark of the turn is refused.
create or replace function pagetide.end_turns(marks pagetide.mark[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
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
    where j.id = m.job and m.verdict = 'applied' and m."end" is not null and m.more is not true;
end
$$;

-- The answer: one row per mark. `ended` is true for the last mark of a job that is not refused, if
-- the job's turn is over: also where the batch was sent again and the first one wrote the end.
create or replace function pagetide.report_marks(marks pagetide.mark[])
returns table (n int, verdict text, ended boolean, state text, run_ended boolean, run_state text,
    warnings text, reason text, error text)
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    return query select o.n, o.verdict, o.ended, case when o.ended then o.state end,
        o.ended and is_end(o.state) and is_end(r.state),
        case when o.ended then r.state end,
        case when o.ended and is_end(r.state) then array_to_string(r.warnings, E'\n') end,
        case when o.ended then o.reason end, case when o.ended then o.error end
    from (
        select m.n, m.run, m.verdict, j.state, j.reason, j.error, coalesce(j.state <> 'running' and m.n = max(m.n)
            filter (where m.verdict not in ('refused', 'behind')) over (partition by m.job), false) as ended
        from unnest(marks) m left join job j on j.id = m.job) o
    left join run r on r.id = o.run
    order by o.n;
end
$$;

-- batch: {marks: [mark], rejects: [{mark, position, reason, record, of_table}], max_rejects, require,
-- table: {schema, name, stage, columns, key, write, direct, part, fills, parent_key} or null, tables:
-- those of the stream's `tables` that have rows, alike, keys: how many rows of each mark have a hash of
-- their key (folded), or absent, indivisible: there where all of the batch is to stay or none of it, as
-- rows of it were written before}. hashes: all of them, in the marks' order.
create or replace function pagetide.commit_batch(batch jsonb, hashes bigint[] default null)
returns table (n int, verdict text, ended boolean, state text, run_ended boolean, run_state text,
    warnings text, reason text, error text)
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    marks mark[] := read_marks(batch);
    fresh job_keys[];
    ending bigint;
begin
    perform lock_jobs(array(select distinct m.job from unnest(marks) m));
    marks := give_verdicts(marks, coalesce((batch ->> 'max_rejects')::bigint, 9223372036854775807));
    -- What a crash takes away goes together, rows and places, and is fetched again. An end, jobs that
    -- the queue is told of, and work that an API was asked to prepare must not.
    perform wait_for_disk(exists (select from unnest(marks) m where m."end" is not null
        or m.ranges is not null or m.page = 0 and m.checkpoint is not null));
    if (batch -> 'table' ->> 'direct')::boolean or batch ? 'indivisible' then
        perform check_direct(marks);
    end if;
    perform merge_tables(batch, marks);
    fresh := array(select k from batch_keys(batch, hashes, marks) k);
    marks := weigh_keys(fresh, marks, batch ->> 'require');
    perform save_keys(fresh, marks);
    if jsonb_typeof(batch -> 'rejects') = 'array' and batch -> 'rejects' <> '[]' then
        perform save_rejects(batch -> 'rejects', marks);
    end if;
    perform save_pages(marks);
    perform save_progress(marks, fresh);
    perform save_notes(marks);
    if exists (select from unnest(marks) m where m.tables is not null or m.table_rejects is not null) then
        perform save_tables(marks);
    end if;
    if exists (select from unnest(marks) m where m.leg is not null) then
        marks := save_legs(marks, fresh);
    end if;
    if exists (select from unnest(marks) m where m.ranges is not null) then
        perform put_ranges(marks);
    end if;
    if exists (select from unnest(marks) m where m."end" is not null and m.more is not true) then
        perform end_turns(marks);
    end if;
    for ending in
        select distinct m.run from unnest(marks) m
        where m.verdict = 'applied' and is_end(m."end" ->> 'state') and m.more is not true
        order by m.run
    loop
        perform finish_run(ending);
    end loop;
    for ending in
        select distinct m.run from unnest(marks) m join job j on j.id = m.job and j.part ? 'range'
        where m.verdict = 'applied' and is_end(m."end" ->> 'state')
    loop
        perform end_range(ending);
    end loop;
    return query select * from report_marks(marks);
end
$$;

-- A session looks up and plans what it calls for the first time, which takes longer than a small batch:
-- one that waits for its first batch commits one of nothing, and ends no run.
create or replace function pagetide.warm_up() returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    perform commit_batch('{"marks": []}');
end
$$;
