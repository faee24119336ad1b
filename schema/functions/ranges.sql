-- Jobs that share the pages of one (`jobs` of a pagination). The job that has read the first page
-- makes a job for each range of the pages behind it, keeps the last page, and waits (worker/paging/
-- ranges.h). When they are over it goes on behind the last of them, from the sum of their states, so
-- that the end, and what is said of it, are those of one job alone.
--
-- A range ends at its border. Where a page is the end, or a limit is reached, it ends before that page:
-- the job that waits reads it again and goes on there, unless pages behind it had records. What lies
-- behind such a page, and has none, is not judged.
--
-- part of the job:     {"split": {"first": 2, "last": 3, "from": "51", "by": "page"}}: which jobs have the
--                      ranges, and where it goes on
-- part of a range:     {"range": {"of": 1, "from": "2", "to": "26", "by": "page", "page": 1,
--                      "records": "100"}}: `to` is exclusive; so much was read before it
-- Needs is_end (helpers), may_repeat (folded), notify_run (runs).

-- The ranges of a job, in the order of their pages; none of a job that shares nothing.
create or replace function pagetide.ranges(j pagetide.job) returns setof pagetide.job
language sql stable
set search_path = pagetide, pg_temp
as $$
    select r.* from job r
    where j.part ? 'split' and r.run = j.run
        and r.n between (j.part -> 'split' ->> 'first')::int and (j.part -> 'split' ->> 'last')::int
    order by r.n
$$;

-- The job and its ranges.
create or replace function pagetide.split_jobs(of_job bigint) returns bigint[]
language sql stable
set search_path = pagetide, pg_temp
as $$
    select of_job || array(select r.id from ranges(j) r) from job j where j.id = of_job
$$;

-- Has the job pages of another one's?
create or replace function pagetide.is_range(of_job bigint) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from job j where j.id = of_job and j.part ? 'range')
$$;

-- Does the job wait for its ranges? From the page that made them until the first one behind them.
create or replace function pagetide.is_split(j pagetide.job) returns boolean
language sql immutable
as $$
    select j.part ? 'split' and coalesce(j.checkpoint ? 'split', false)
$$;

-- … and are they not over yet?
create or replace function pagetide.has_open_ranges(j pagetide.job) returns boolean
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    return is_split(j) and exists (select from ranges(j) r where not is_end(r.state));
end
$$;

-- A range of the run has ended: the job that waits for it is queued where it was the last one. The run is
-- locked (finish_run), so of two that end at once the second sees the first. A job that is locked just now
-- is left to the scheduler's next pass, or to the `sync` that asks again: it comes before the run in the
-- order of locks.
create or replace function pagetide.end_range(of_run bigint) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update job j set state = 'queued', wait_until = null, waiting_for = null, enqueued_at = null
    where j.id in (select o.id from job o where o.run = of_run and o.state = 'waiting' and is_split(o)
        and not has_open_ranges(o) for update skip locked);
    if found then
        perform notify_run(of_run);
    end if;
end
$$;

-- Has the range come to its border?
create or replace function pagetide.is_whole(r pagetide.job) returns boolean
language sql immutable
as $$
    select r.state = 'succeeded'
        and (r.checkpoint ->> 'number')::numeric >= (r.part -> 'range' ->> 'to')::numeric
$$;

-- How many `records` the range has read, or of its paging's `page` numbers.
create or replace function pagetide.range_read(r pagetide.job, what text) returns bigint
language sql immutable
as $$
    select (r.checkpoint ->> what)::bigint - (r.part -> 'range' ->> what)::bigint
$$;

-- The first range that has not come to its border, or the last of all: what was read ends there.
create or replace function pagetide.last_range(j pagetide.job) returns pagetide.job
language sql stable
set search_path = pagetide, pg_temp
as $$
    select r from ranges(j) r
    order by is_whole(r), case when is_whole(r) then -r.n else r.n end limit 1
$$;

-- The ids of a checkpoint's `tail` or `head`, 16 digits each.
create or replace function pagetide.border_ids(digits text) returns setof text
language sql immutable
as $$
    select substr(digits, at, 16) from generate_series(1, length(digits), 16) at
$$;

-- How many records two ranges have both that lie beside each other, as far as the last of them. What the
-- first has with the page before it, it has counted itself.
create or replace function pagetide.border_overlaps(j pagetide.job, last_n int) returns bigint
language sql stable
set search_path = pagetide, pg_temp
as $$
    select count(*) from ranges(j) a join ranges(j) b on b.n = a.n + 1
    cross join lateral (select border_ids(a.checkpoint ->> 'tail')
        intersect select border_ids(b.checkpoint ->> 'head')) both_have
    where b.n <= last_n and b.page > 0
$$;

-- A page of a range that has the records of a page of another one: the paging goes in circles. Pages of
-- one record may (guard.h).
create or replace function pagetide.split_circle(j pagetide.job, last_n int) returns jsonb
language sql stable
set search_path = pagetide, pg_temp
as $$
    select jsonb_build_object('state', 'failed', 'reason', 'loop', 'error', format('page %s: the records '
        'of this page came before, in another job: the paging goes in circles (allow_repeats: true '
        'lifts this)', p.page))
    from (select r.n, p.number + (r.part -> 'range' ->> 'page')::int as page,
            count(*) over (partition by p.records_hash order by r.n, p.number) as times
        from ranges(j) r join page p on p.job = r.id
        where r.n <= last_n and p.records > 1 and p.records_hash <> 0) p
    where p.times > 1 and not may_repeat(j.run)
    order by p.page limit 1
$$;

-- How a job ends whose ranges are over and leave nothing to go on with: one has failed, or a page says
-- that it is the last and others behind it had records. Null: it goes on.
create or replace function pagetide.split_end(j pagetide.job) returns jsonb
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    at constant job := last_range(j);
    circle jsonb;
    behind bigint;
begin
    if at.state in ('failed', 'dead', 'cancelled') then
        return jsonb_build_object('state', 'failed', 'reason', at.reason, 'error', at.error);
    end if;
    circle := split_circle(j, at.n);
    if circle is not null or is_whole(at) then
        return circle;
    end if;
    select sum(range_read(r, 'records')) into behind from ranges(j) r where r.n > at.n;
    return case when behind > 0 then jsonb_build_object('state', 'truncated', 'reason',
        'inconsistent_end', 'error', format('%s, but other jobs have read %s records behind it, on pages '
            'that the first answer had counted', at.complete_why, behind)) end;
end
$$;

-- The state of the paging behind the ranges, as if the job had read their pages itself. Counts are
-- text, as in every checkpoint.
create or replace function pagetide.joined_checkpoint(j pagetide.job) returns jsonb
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    at constant job := last_range(j);
    sums jsonb;
begin
    select jsonb_strip_nulls(jsonb_build_object(
            'page', (sum(range_read(r, 'page')) + (j.checkpoint ->> 'page')::bigint)::text,
            'records', (sum(range_read(r, 'records')) + (j.checkpoint ->> 'records')::bigint)::text,
            'overlaps', nullif(coalesce(sum((r.checkpoint ->> 'overlaps')::bigint), 0)
                + border_overlaps(j, at.n), 0)::text,
            'drifted', nullif(bool_or(r.checkpoint ? 'drifted'), false)))
        into sums
    from ranges(j) r where r.n <= at.n;
    return at.checkpoint - array['until', 'done', 'head', 'overlaps'] || sums;
end
$$;

-- What a worker gets of a job that waited for its ranges: how it ends, where it ends with them.
create or replace function pagetide.split_part_of(j pagetide.job) returns jsonb
language sql stable
set search_path = pagetide, pg_temp
as $$
    select jsonb_strip_nulls(j.part || jsonb_build_object('end', split_end(j)))
$$;

-- The jobs whose pages the loop guards of a job must know: of a range also the one before it, and of
-- a job that goes on behind its ranges those of them that were read.
create or replace function pagetide.ledger_jobs(of_job bigint) returns bigint[]
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case
        when j.part ? 'range' then of_job || array(select o.id from job o
            where o.run = j.run and o.n = (j.part -> 'range' ->> 'of')::int)
        when j.part ? 'split' then of_job || array(select r.id from ranges(j) r
            where r.n <= (last_range(j)).n)
        else array[of_job] end
    from job j where j.id = of_job
$$;

-- A range as people read it.
create or replace function pagetide.range_words(part jsonb) returns text
language sql immutable
as $$
    select case when part -> 'range' ->> 'by' = 'page' then format('pages %s to %s',
                part -> 'range' ->> 'from', (part -> 'range' ->> 'to')::bigint - 1)
            when part ? 'range' then format('offsets %s to %s',
                part -> 'range' ->> 'from', (part -> 'range' ->> 'to')::bigint - 1)
            when part ? 'split' then format('the first page, and from %s %s on',
                part -> 'split' ->> 'by', part -> 'split' ->> 'from') end
$$;

-- The jobs that the applied marks ask for. The run is locked, so that of two jobs that make some at
-- once the second counts on from the first.
create or replace function pagetide.put_ranges(marks pagetide.mark[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    m mark;
    j job;
    before int;
begin
    for m in select * from unnest(marks) u where u.verdict = 'applied' and u.ranges is not null
        and u."end" ->> 'state' = 'waiting'
    loop
        select * into j from job o where o.id = m.job;
        perform from run r where r.id = j.run for update;
        select max(o.n) into before from job o where o.run = j.run;
        insert into job (run, n, part, bookmark, bookmark_type, checkpoint, pages_total, worker,
            reserved)
        select j.run, before + g.at, j.part || jsonb_build_object('range',
                g.range - array['checkpoint', 'pages'] || jsonb_build_object('of', j.n)),
            j.bookmark, j.bookmark_type, g.range -> 'checkpoint', (g.range ->> 'pages')::int,
            case when j.reserved then j.worker end, j.reserved
        from jsonb_array_elements(m.ranges) with ordinality g (range, at) order by g.at;
        update job o set part = o.part || jsonb_build_object('split', jsonb_build_object(
            'first', before + 1, 'last', before + jsonb_array_length(m.ranges),
            'from', m.ranges -> -1 -> 'to', 'by', m.ranges -> -1 -> 'by'))
        where o.id = m.job;
        perform notify_run(j.run);
    end loop;
end
$$;
