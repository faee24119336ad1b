-- Time zones, as PostgreSQL's database of them has them. The C side gets a zone as its offsets
-- (lib/core/zone.h).

-- Whether this is the name of a zone: as in Europe/Berlin, letter by letter. What `at time zone`
-- takes besides (abbreviations, POSIX rules) may mean another thing next year.
create or replace function pagetide.is_zone(zone text) returns boolean
language sql stable
as $$
    select zone = 'UTC' or exists (select from pg_timezone_names z where z.name = zone)
$$;

-- What is added to an instant to have the time on the wall.
create or replace function pagetide.zone_offset(zone text, at_time timestamptz) returns interval
language sql stable
as $$
    select (at_time at time zone zone) - (at_time at time zone 'UTC')
$$;

-- The second at which the offset becomes that of `high`, where it is another one at `low`.
create or replace function pagetide.zone_change(zone text, low timestamptz, high timestamptz)
returns timestamptz
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    after interval := zone_offset(zone, high);
    middle timestamptz;
begin
    while high - low > interval '1 second' loop
        middle := date_trunc('second', low + (high - low) / 2, 'UTC');
        if zone_offset(zone, middle) = after then
            high := middle;
        else
            low := middle;
        end if;
    end loop;
    return high;
end
$$;

-- The zone's offsets in that time, each with the instant from which it holds. Looked for day by
-- day: no zone sets its clock twice in one.
create or replace function pagetide.zone_offsets(zone text, since timestamptz, until timestamptz)
returns table (from_time timestamptz, offset_seconds int)
language sql stable
set search_path = pagetide, pg_temp
as $$
    with days as (
        select d, zone_offset(zone, d) as now, lag(zone_offset(zone, d)) over (order by d) as before
        from generate_series(date_trunc('second', since, 'UTC'), until, interval '24 hours') d)
    select case when before is null then d
            else zone_change(zone, d - interval '24 hours', d) end,
        extract(epoch from now)::int
    from days where before is distinct from now
    order by d
$$;
