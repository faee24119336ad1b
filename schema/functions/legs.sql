-- Jobs of several partitions: their legs. A job with one partition has none, and is its own part.
-- Needs is_end (helpers), badness, doubt (run_end), later, latest (bookmarks), may_retry (orders).

-- How many partitions a job gets: what the definition says, else so many that there are four jobs
-- for each of a worker's 64 slots, and a hundred at most. Up to 256 partitions have a job each.
create or replace function pagetide.legs_per_job(spec jsonb, partitions int) returns int
language sql immutable
as $$
    select coalesce((case when jsonb_typeof(spec -> 'partitions') = 'object'
            then spec -> 'partitions' ->> 'per_job' end)::int,
        least(100, ceil(partitions / 256.0)::int))
$$;

-- All parts of a run, those of jobs without legs among them, with the state of each.
create or replace function pagetide.run_legs(of_run bigint)
returns table (job bigint, job_n int, n int, part jsonb, state text, bookmark text,
    bookmark_high text, bookmark_type text)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select j.id, j.n, coalesce(l.n, 0), coalesce(l.part, j.part),
        coalesce(l.state, j.state), coalesce(l.bookmark, j.bookmark),
        coalesce(l.bookmark_high, j.bookmark_high), j.bookmark_type
    from job j left join job_leg l on l.job = j.id
    where j.run = of_run
$$;

-- What a worker gets of a job's part: the legs that are not over, the one under way first, each
-- with the checkpoint where it goes on.
create or replace function pagetide.open_legs(j pagetide.job) returns jsonb
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when not j.part ? 'legs' then j.part
        else (select jsonb_build_object('legs', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'n', l.n, 'bookmark', l.bookmark)) || jsonb_build_object('part', l.part, 'checkpoint',
                case when l.n = (j.checkpoint ->> 'leg')::int then j.checkpoint else l.checkpoint end)
                order by l.n = (j.checkpoint ->> 'leg')::int desc nulls last, l.n), '[]'))
            from job_leg l where l.job = j.id and l.state is null) end
$$;

-- A part as people read it.
create or replace function pagetide.part_words(part jsonb) returns text
language sql immutable
as $$
    select concat_ws(' ', part ->> 'partition',
        'from ' || (part -> 'window' ->> 'from') || ' to ' || (part -> 'window' ->> 'to'))
$$;

-- Where a job is: its partition, or how many of several are over and the one under way.
create or replace function pagetide.job_words(j pagetide.job) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when not j.part ? 'legs' then nullif(concat_ws(': ', j.part ->> 'partition',
            range_words(j.part)), '')
        else (select format('%s of %s%s', count(l.state), count(*), max(': ' || part_words(l.part))
                filter (where l.state is null and l.n = (j.checkpoint ->> 'leg')::int))
            from job_leg l where l.job = j.id) end
$$;

-- What the applied marks leave in their legs. An end that comes alone may be written twice, where an
-- answer was lost: the first one stands.
create or replace function pagetide.save_leg_marks(marks pagetide.mark[], fresh pagetide.job_keys[])
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update job_leg l set
        records = l.records + d.records,
        rejects = l.rejects + d.rejects,
        keyed = l.keyed + coalesce(f.keyed, 0),
        bookmark_high = later(l.bookmark_high, d.bookmark_high, d.bookmark_type),
        state = (d.ending)."end" ->> 'state',
        reason = nullif((d.ending)."end" ->> 'reason', ''),
        error = nullif((d.ending)."end" ->> 'error', ''),
        complete = nullif((d.ending).complete, ''),
        complete_why = nullif((d.ending).complete_why, ''),
        folded = coalesce((d.ending).folded, l.folded),
        checkpoint = case when (d.ending)."end" ->> 'state' = 'failed'
            then coalesce((d.ending).checkpoint, l.checkpoint) end
    from (
        select m.job, m.leg, coalesce(sum(m.records), 0) as records,
            coalesce(sum(m.rejects), 0) as rejects, min(j.bookmark_type) as bookmark_type,
            latest(m.bookmark_high, j.bookmark_type order by m.n)
                filter (where m.bookmark_high <> '') as bookmark_high,
            (array_agg(m order by m.n) filter (where is_end(m."end" ->> 'state')))[1] as ending
        from unnest(marks) m join job j on j.id = m.job
        where m.verdict = 'applied' and m.leg is not null group by m.job, m.leg) d
    left join (select k.job, k.leg, sum(cardinality(k.keys)) as keyed from unnest(fresh) k
        group by k.job, k.leg) f on f.job = d.job and f.leg = d.leg
    where l.job = d.job and l.n = d.leg and l.state is null;
end
$$;

-- What a job of several partitions says of those that did not succeed.
create or replace function pagetide.legs_error(of_job bigint) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when count(*) > 1 then format('%s of %s partitions did not succeed: ', count(*), min(total))
            else '' end
        || string_agg(format('partition %s: %s', part_words(part), error), '; ' order by at)
            filter (where at <= 20)
        || case when count(*) > 20 then format('; and %s more', count(*) - 20) else '' end
    from (select l.part, l.error, row_number() over (order by badness(l.state) desc, l.n) as at,
            (select count(*) from job_leg o where o.job = of_job) as total
        from job_leg l where l.job = of_job and l.state <> 'succeeded') l
$$;

-- The end of a job whose last leg is over: it is as bad as its worst leg, and as complete as the one
-- that is least.
create or replace function pagetide.sum_legs(m pagetide.mark) returns pagetide.mark
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    worst job_leg;
    weakest job_leg;
begin
    select * into worst from job_leg l where l.job = m.job order by badness(l.state) desc nulls last, l.n
    limit 1;
    select * into weakest from job_leg l where l.job = m.job
    order by doubt(l.complete) desc nulls first, l.n limit 1;
    m."end" := jsonb_build_object('state', worst.state, 'reason', coalesce(worst.reason, ''),
        'error', coalesce(legs_error(m.job), ''));
    m.complete := weakest.complete;
    m.complete_why := 'partition ' || part_words(weakest.part) || ': ' || weakest.complete_why;
    m.folded := (select sum(l.folded) from job_leg l where l.job = m.job);
    return m;
end
$$;

-- Writes what the marks leave in their legs, and gives the marks with the ends of their jobs.
create or replace function pagetide.save_legs(marks pagetide.mark[], fresh pagetide.job_keys[])
returns pagetide.mark[]
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    m mark;
begin
    perform save_leg_marks(marks, fresh);
    for m in select * from unnest(marks) u where u.verdict = 'applied' and u.leg is not null
        and u.more is not true and is_end(u."end" ->> 'state')
    loop
        marks[m.n + 1] := sum_legs(m);
    end loop;
    return marks;
end
$$;

-- Legs that failed go on with their job.
create or replace function pagetide.reopen_legs(of_run bigint, of_n int) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update job_leg l set state = null, reason = null, error = null, complete = null, complete_why = null
    from job j
    where j.run = of_run and may_retry(j.state) and (of_n is null or j.n = of_n)
        and l.job = j.id and l.state = 'failed'
$$;
