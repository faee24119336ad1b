-- How the last job of a run ends it, and how a run is cancelled.
-- Needs clock, is_end, lock_jobs (helpers), move_bookmarks (bookmarks), move_windows (windows), forget_keys (folded),
-- notify_run, start_pending (runs), run_misfits, misfit_words, misfit_failure (misfits),
-- end_kept (replace), places_words, remember_places (places), indexes_words (indexes), partitions_words (table_partitions), plan_chores (chores), run_legs (legs).

-- A run is as bad as its worst job. What became of a range is said by the job that waited for it
-- (ranges), unless nothing could go on.
create or replace function pagetide.badness(state text) returns int
language sql immutable parallel safe
as $$
    select array_position(array['succeeded', 'truncated', 'cancelled', 'failed', 'dead'], state)
$$;

-- How little proves that a job has read all, from 1; null: nothing is known.
create or replace function pagetide.doubt(complete text) returns int
language sql immutable parallel safe
as $$
    select array_position(array['proved', 'told', 'assumed', 'contradicted'], complete)
$$;

-- How the run ends: as its worst job, or failed because too many values did not fit.
create or replace function pagetide.run_verdict(ending bigint)
returns table (state text, reason text, error text)
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select case when is_failed then 'failed' else w.state end,
        case when is_failed then 'rejects' else w.reason end,
        case when is_failed then misfit_failure(ending) else w.error end
    from (select j.*, j.state in ('succeeded', 'truncated')
            and misfit_failure(ending) is not null as is_failed
        from job j where j.run = ending
            and (not j.part ? 'range' or j.state not in ('succeeded', 'truncated', 'failed'))
        order by badness(j.state) desc, j.n limit 1) w
$$;

-- Of what the first rejected record of a run was, of its own table or of another; or nothing.
create or replace function pagetide.reject_words(of_run bigint, name text) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce((select format('; the first, page %s, position %s: %s', x.page, x.position,
            left(x.reason, 500))
        from reject x where x.run = of_run and x.of_table is not distinct from name
        order by x.id limit 1), '')
$$;

-- What a run says of its jobs at its end: what it said before, their warnings, then misfits,
-- rejects, places at which no record had anything, and indexes and partitions that wait. Each is
-- asked for where there can be something of it.
create or replace function pagetide.end_warnings(of_run bigint) returns text[]
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    r run;
    had record;
    words text[];
begin
    select * into r from run where id = of_run;
    select sum(j.records) as records, sum(j.rejects) as rejects,
        bool_or(j.aside_columns <> '{}') as asides, bool_or(j.table_rejects <> '{}') as table_rejects
    into had from job j where j.run = of_run;
    words := array(select w from unnest(r.warnings) w
            where w !~ '^(misfits|rejects|indexes|partition_by|places): '
                and w !~ '^((columns|flatten|exclude): no record|with: nothing stands|where: none of) '
            union select unnest(j.warnings) from job j where j.run = of_run order by 1);
    if had.asides then
        words := words || array(select m.words from misfit_words(of_run) m);
    end if;
    if had.rejects > 0 then
        words := words || format('rejects: %s of %s records are not in the table (pagetide rejects %s)%s',
            had.rejects, had.records, of_run, reject_words(of_run, null));
    end if;
    if had.table_rejects then
        words := words || array(select format('rejects: %s of %s records of %s are not in the table '
            '(pagetide rejects %s)%s', t.rejects, t.records, t.name, of_run, reject_words(of_run, t.name))
            from run_tables(of_run) t where t.rejects > 0);
    end if;
    if may_lack_places(r) then
        words := words || array(select places_words(of_run));
    end if;
    if exists (select from target t where is_of(t.stream, r.stream)
        and (t.indexes_due <> '{}' or t.partitions_due <> '{}')) then
        words := words || array(select indexes_words(r.stream))
            || array(select partitions_words(r.stream));
    end if;
    return words;
end
$$;

-- Writes the run's end, and sums over its jobs. A run is as complete as the job that is least;
-- nothing is said while that is not known of each. What an earlier end said of misfits and rejects
-- goes.
create or replace function pagetide.close_run(ending bigint) returns text
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update run r set
        state = verdict.state, reason = verdict.reason, error = verdict.error,
        complete = least.complete, complete_why = least.complete_why,
        pages = s.pages, records = s.records, bytes = s.bytes, rejects = s.rejects,
        asides = s.asides, retries = s.retries, folded = s.folded, deleted = s.deleted,
        finished_at = clock(), warnings = end_warnings(ending)
    from run_verdict(ending) verdict,
        (select j.complete, j.complete_why from job j where j.run = ending and not j.part ? 'range'
            order by doubt(j.complete) desc nulls first, j.n limit 1) least,
        (select sum(j.page) as pages, sum(j.records) as records, sum(j.bytes) as bytes,
            sum(j.rejects) as rejects, sum(j.asides) as asides, sum(j.retries) as retries,
            sum(j.folded) as folded, sum(j.deleted) as deleted
            from job j where j.run = ending) s
    where r.id = ending
    returning r.state
$$;

-- The sums and warnings of a run that has ended, after its jobs' counts have changed.
create or replace function pagetide.refresh_run(ended bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update run r set records = s.records, rejects = s.rejects, asides = s.asides,
        warnings = end_warnings(ended)
    from (select sum(j.records) as records, sum(j.rejects) as rejects, sum(j.asides) as asides
        from job j where j.run = ended) s
    where r.id = ended
$$;

-- Does the run read all there is: no window, and no job that begins at a bookmark? A run that has
-- nothing to ask for, because a window is done or a list of partitions is empty, has not (end_idle_run).
create or replace function pagetide.reads_all(of_run bigint) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select r.mode <> 'window' and not d.spec ? 'window' and (r.mode = 'full'
        or not exists (select from run_legs(of_run) j where j.bookmark is not null or j.part ? 'idle'
            and exists (select from bookmark k where k.stream = r.stream)))
    from run r join definition d on d.stream = r.stream and d.version = r.version
    where r.id = of_run
$$;

-- What `expect` of the definition says of the rows of a run that read all; null: nothing. They are
-- compared with those of the last such run that succeeded.
create or replace function pagetide.shortfall(of_run bigint) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case
        when e.records < e.min_rows
            then format('%s rows, and expect.min_rows is %s', e.records, e.min_rows)
        when e.records * 100 < p.records * e.not_below
            then format('%s rows, less than %s %% of the %s of run %s (expect.not_below)',
                e.records, e.not_below, p.records, p.id)
        end
    from (select r.id, r.stream, r.records, (d.spec -> 'expect' ->> 'min_rows')::bigint as min_rows,
            rtrim(d.spec -> 'expect' ->> 'not_below', '%')::numeric as not_below
            from run r join definition d on d.stream = r.stream and d.version = r.version
            where r.id = of_run and d.spec ? 'expect' and reads_all(r.id)) e
    left join lateral (select b.id, b.records from run b
        where b.stream = e.stream and b.id < e.id and b.state = 'succeeded' and reads_all(b.id)
        order by b.id desc limit 1) p on true
$$;

-- A run that succeeded with fewer rows than `expect` says has a warning, or has failed. Returns its
-- state.
create or replace function pagetide.check_rows(ending bigint) returns text
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update run r set
        state = case when s.fails then 'failed' else r.state end,
        reason = case when s.fails then 'shrink' else r.reason end,
        error = case when s.fails then s.why else r.error end,
        warnings = case when s.fails then r.warnings else r.warnings || s.why end
    from (select shortfall(ending) as why,
            coalesce((d.spec -> 'expect' ->> 'fail')::boolean, false) as fails
            from run e join definition d on d.stream = e.stream and d.version = e.version
            where e.id = ending) s
    where r.id = ending and s.why is not null;
    select r.state from run r where r.id = ending;
$$;

-- Called after each end of a job: the end of the last one ends the run. The run is locked first,
-- and its jobs are read by a statement of their own, so that of two jobs that end at once the
-- second sees the first. Returns the run's state, or null while it goes on.
create or replace function pagetide.finish_run(ending bigint, start_next boolean default true)
returns text
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    worst text;
    of_stream text;
    spec jsonb;
begin
    select r.stream, d.spec into of_stream, spec
    from run r left join definition d on d.stream = r.stream and d.version = r.version
    where r.id = ending and not is_end(r.state) for update of r;
    if not found or exists (select from job j where j.run = ending
        and j.state in ('queued', 'running', 'waiting')) then
        return null;
    end if;
    worst := close_run(ending);
    if worst = 'succeeded' and spec ? 'expect' then
        worst := check_rows(ending);
    end if;
    if spec ->> 'write' in ('replace', 'history') then
        worst := end_kept(ending, of_stream, spec, worst);
    end if;
    update request q set state = worst, reason = r.reason
    from run r where r.id = ending and q.run = ending and q.state = 'started';
    if worst = 'succeeded' and spec ?| '{bookmark,window}' then
        perform move_bookmarks(ending);
    end if;
    if spec ? 'window' then
        perform move_windows(ending);
    end if;
    perform forget_keys(of_stream, ending);
    perform remember_places(ending);
    perform plan_chores(ending);
    perform notify_run(ending);
    if start_next then
        perform start_pending(of_stream);
    end if;
    return worst;
end
$$;

-- Ends every unfinished job of a run, and the run. The jobs' epochs rise, so that a process that
-- works on one is refused at its next commit. Returns those jobs.
create or replace function pagetide.cancel_run(cancelled bigint, start_next boolean default true)
returns setof bigint
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    open_jobs bigint[];
begin
    perform lock_jobs(array(select j.id from job j where j.run = cancelled));
    open_jobs := array(select j.id from job j where j.run = cancelled and not is_end(j.state));
    update job j set state = 'cancelled', reason = 'cancelled', epoch = j.epoch + 1, owner = null,
        wait_until = null, waiting_for = null, finished_at = clock()
    where j.id = any (open_jobs);
    perform finish_run(cancelled, start_next);
    return query select unnest(open_jobs);
end
$$;

-- What `sync` prints of a run, over or not.
create or replace function pagetide.run_summary(of_run bigint)
returns table (run bigint, stream text, state text, reason text, pages bigint, records bigint,
    bytes bigint, rejects bigint, asides bigint, retries bigint, seconds numeric, error text,
    complete text, complete_why text, warnings text, misfits jsonb, folded bigint, added bigint,
    changed bigint, deleted bigint, tables jsonb)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select r.id, r.stream, r.state, r.reason, sum(j.page)::bigint, sum(j.records)::bigint,
        sum(j.bytes)::bigint, sum(j.rejects)::bigint, sum(j.asides)::bigint,
        sum(j.retries)::bigint, round(coalesce(extract(epoch from
            coalesce(r.finished_at, clock()) - r.started_at), 0)::numeric, 3), r.error,
        r.complete, r.complete_why, array_to_string(r.warnings, E'\n'),
        (select coalesce(jsonb_object_agg(m.name, m.count), '{}') from run_misfits(r.id) m),
        sum(j.folded)::bigint, r.added, r.changed, r.deleted,
        (select jsonb_object_agg(t.name, t.records) from run_tables(r.id) t)
    from run r join job j on j.run = r.id
    where r.id = of_run
    group by r.id
$$;
