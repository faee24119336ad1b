-- Windows: the time that a run asks for, cut into slices, and what of it is done at its end.
-- Needs instant, is_instant, rfc3339 (helpers), asks_by_bookmark (runs), part_key (definitions), zone_offset (zones), later
-- (bookmarks), run_legs (legs).

-- The size of a slice: 90, 90s, 15m, 6h, 7d, 2w, 1 month, 1 year; null for anything else. Days and
-- what is longer are of the calendar. Also in C, which only says whether it is one: window_is_size
-- (config/window.c).
create or replace function pagetide.window_size(size text) returns interval
language sql immutable
as $$
    select case
        when p[2] ~ '^(s|seconds?)?$' then make_interval(secs => p[1]::int)
        when p[2] ~ '^(m|minutes?)$' then make_interval(mins => p[1]::int)
        when p[2] ~ '^(h|hours?)$' then make_interval(hours => p[1]::int)
        when p[2] ~ '^(d|days?)$' then make_interval(days => p[1]::int)
        when p[2] ~ '^(w|weeks?)$' then make_interval(weeks => p[1]::int)
        when p[2] ~ '^months?$' then make_interval(months => p[1]::int)
        when p[2] ~ '^years?$' then make_interval(years => p[1]::int)
    end
    from regexp_match(size, '^([0-9]{1,6}) *([a-z]*)$') p
$$;

-- An instant of a definition; a date, and a time without an offset, are of the zone.
create or replace function pagetide.zone_instant(said text, zone text) returns timestamptz
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when is_instant(said) then instant(said)
        else (instant(said) at time zone 'UTC') at time zone zone end
$$;

-- RFC 3339 with the offset of the zone, so that what stands before the T is the zone's date.
create or replace function pagetide.zone_text(at_time timestamptz, zone text) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when zone = 'UTC' then rfc3339(at_time)
        else rtrim(rfc3339(at_time + zone_offset(zone, at_time)), 'Z')
            || case when zone_offset(zone, at_time) < interval '0' then '-' else '+' end
            || to_char(greatest(zone_offset(zone, at_time), -zone_offset(zone, at_time)), 'HH24:MI')
        end
$$;

-- The edge after `count` slices. From the first one, not from the one before: 31 January and two
-- months are 31 March.
create or replace function pagetide.window_edge(since timestamptz, size interval, count int,
    zone text) returns timestamptz
language sql stable
as $$
    select case when date_trunc('day', justify_days(size)) = interval '0' then since + count * size
        else ((since at time zone zone) + count * size) at time zone zone end
$$;

-- The half-open slices of a time, 10,000 at most.
create or replace function pagetide.window_slices(since timestamptz, until timestamptz,
    size interval, zone text) returns table (n int, from_time timestamptz, to_time timestamptz)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select k, e.from_time, least(e.to_time, until)
    from generate_series(0, least(9999, ceil(1.1 * extract(epoch from until - since)
        / extract(epoch from size)))::int) k
    cross join lateral (select window_edge(since, size, k, zone) as from_time,
        window_edge(since, size, k + 1, zone) as to_time) e
    where e.from_time < until
    order by k
$$;

-- The time that a run of a stream with windows asks for, for one of its partitions.
create or replace function pagetide.window_range(r pagetide.run, spec jsonb, bookmark text,
    out since timestamptz, out until timestamptz)
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    zone text := coalesce(spec ->> 'timezone', 'UTC');
    done timestamptz; -- up to there all has been read
begin
    if r.mode = 'window' then
        since := r.window_from;
        until := r.window_to;
        return;
    end if;
    if r.mode = 'incremental' then
        done := instant(bookmark);
        since := done - coalesce((spec -> 'bookmark' ->> 'lookback')::interval, interval '0');
    end if;
    since := coalesce(since, zone_instant(spec -> 'window' ->> 'from', zone),
        zone_instant(spec -> 'bookmark' ->> 'start', zone));
    until := coalesce(zone_instant(spec -> 'window' ->> 'to', zone),
        date_trunc('second', r.created_at, 'UTC'));
    if spec -> 'window' ? 'cap' then
        -- Behind what is done: within `lookback` a run would never come further.
        until := least(until, window_edge(coalesce(done, since), window_size(spec -> 'window' ->> 'cap'), 1, zone));
    end if;
end
$$;

-- What a run says where what it is to ask for lies in the future: of windows, which then ask for
-- nothing, and of a bookmark by which a request asks. Null: nothing of it does.
create or replace function pagetide.future_words(of_run bigint, spec jsonb, parts jsonb[])
returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    with begun as (
        select r.created_at, r.mode = 'incremental' and b.value is not null as is_by_bookmark,
            case when r.mode = 'incremental' then b.value end as bookmark,
            w.since, w.until
        from run r cross join unnest(parts) p (part)
        left join bookmark b on b.stream = r.stream and b.partition = part_key(p.part)
        left join lateral window_range(r, spec, b.value) w on spec ? 'window'
        where r.id = of_run and r.mode <> 'window'),
    ahead as (
        select b.since, b.until, case when b.is_by_bookmark then 'the bookmark'
            when spec -> 'window' ? 'from' then 'window.from' else 'bookmark.start' end as what
        from begun b where b.since > b.until),
    later as (
        select s.said, case when b.is_by_bookmark then 'the bookmark' else 'bookmark.start' end as what
        from begun b
        cross join lateral (select coalesce(b.bookmark, spec -> 'bookmark' ->> 'start') as said) s
        where not spec ? 'window' and asks_by_bookmark(spec) 
            and instant(s.said) > b.created_at + interval '1 day')
    select format('window: nothing is asked for%s: %s lies at %s, later than the end, %s',
        case when cardinality(parts) > 1 then format(' for %s of %s partitions', count(*),
            cardinality(parts)) else '' end, min(a.what), rfc3339(min(a.since)), rfc3339(min(a.until)))
    from ahead a having count(*) > 0
    union all
    select format('bookmark: %s lies in the future: %s', min(l.what), min(l.said))
    from later l having count(*) > 0
$$;

-- Why a run has nothing to ask for: what it says of the future, or that all is done.
create or replace function pagetide.idle_end(of_run bigint, is_done text,
    out complete text, out words text)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when min(w) is null then 'proved' else 'assumed' end, coalesce(min(w), is_done)
    from run r cross join unnest(r.warnings) w
    where r.id = of_run and w like 'window: nothing is asked for%'
$$;

-- What the parts of a run's jobs have besides their partition: {"window": {"from": …, "to": …}} for
-- each slice, or {} once where the definition has no window.
create or replace function pagetide.part_windows(r pagetide.run, spec jsonb, bookmark text)
returns table (n int, part jsonb)
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    zone text := coalesce(spec ->> 'timezone', 'UTC');
begin
    if not spec ? 'window' then
        return query select 0, '{}'::jsonb;
        return;
    end if;
    return query select s.n, jsonb_build_object('window', jsonb_build_object(
            'from', zone_text(s.from_time, zone), 'to', zone_text(s.to_time, zone)))
        from window_range(r, spec, bookmark) w
        cross join lateral window_slices(w.since, w.until,
            window_size(spec -> 'window' ->> 'size'), zone) s;
end
$$;

-- The bookmark of a stream with windows is the end of the last slice of an unbroken row of complete
-- ones, also where the run as a whole has failed. Where records are appended all of the run counts:
-- what it has stored goes before its records come again (unfinished_runs).
create or replace function pagetide.move_windows(of_run bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into bookmark as k (stream, partition, value, run)
    select s.stream, s.key, (array_agg(s.until order by s.n desc))[1], of_run
    from (
        select r.stream, part_key(j.part) as key, j.job_n as n, j.part -> 'window' ->> 'to' as until,
            bool_and(j.state = 'succeeded') over (partition by part_key(j.part) order by j.job_n)
                and (r.state = 'succeeded' or d.spec ->> 'write' <> 'append') as is_done
        from run r cross join run_legs(of_run) j
        join definition d on d.stream = r.stream and d.version = r.version
        where r.id = of_run and r.mode <> 'window' and j.part ? 'window'
            and not j.part ? 'range') s
    where s.is_done
    group by s.stream, s.key
    order by s.key
    on conflict (stream, partition) do update set run = excluded.run,
        value = later(k.value, excluded.value, 'time')
$$;
