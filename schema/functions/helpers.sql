-- What all other files use: time, instants as text, ends of jobs and runs, locks of jobs.
-- Needs the tables meta and job.

-- The one source of time: what is due, stale or waiting is judged by it.
create or replace function pagetide.clock() returns timestamptz
language sql volatile parallel safe
set search_path = pagetide, pg_temp
as $$
    select clock_timestamp() + coalesce(
        (select m.value::interval from pagetide.meta m where m.key = 'clock_offset'), interval '0')
$$;

-- So many milliseconds.
create or replace function pagetide.ms(count bigint) returns interval
language sql immutable parallel safe
as $$
    select count * interval '1 millisecond'
$$;

-- As the API gets it: UTC, with microseconds where there are any.
create or replace function pagetide.rfc3339(instant timestamptz) returns text
language sql stable
as $$
    select to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
        || case when date_part('microsecond', instant)::int % 1000000 = 0 then 'Z'
            else to_char(instant at time zone 'UTC', '.US"Z"') end
$$;

-- RFC 3339, as far as its form goes: the 30th of February is one too.
create or replace function pagetide.is_instant(text) returns boolean
language sql immutable
as $$
    select $1 ~ '^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d(:?\d\d)?)$'
$$;

-- A text that names an instant: RFC 3339, a time without an offset (UTC), or a date (its
-- midnight, UTC); null for anything else.
create or replace function pagetide.instant(text) returns timestamptz
language plpgsql immutable
set search_path = pagetide, pg_temp
set timezone = 'UTC'
as $$
begin
    if $1 ~ '^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d(:?\d\d)?)?)?$' then
        return $1::timestamptz;
    end if;
    return null;
exception when data_exception then
    return null;
end
$$;

-- Whether a job or a run in this state is over.
create or replace function pagetide.is_end(state text) returns boolean
language sql immutable parallel safe
as $$
    select state in ('succeeded', 'truncated', 'cancelled', 'failed', 'dead')
$$;

-- Locks jobs in the order of their ids, so that two callers cannot wait for each other.
create or replace function pagetide.lock_jobs(ids bigint[]) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    select from job j where j.id = any (ids) order by j.id for update
$$;
