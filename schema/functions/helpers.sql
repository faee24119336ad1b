-- What all other files use: time, instants as text, ends of jobs and runs, locks of jobs.
-- Needs the tables meta and job.

-- The one source of time: what is due, stale or waiting is judged by it.
create or replace function pagetide.clock() returns timestamptz
language plpgsql volatile parallel safe
set search_path = pagetide, pg_temp
as $$
begin
    return clock_timestamp() + coalesce(
        (select m.value::interval from meta m where m.key = 'clock_offset'), interval '0');
end
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

-- Whether a text is RFC 3339 with an offset, and names an instant. Also in C: if you change this,
-- change date_parse_rfc3339 (lib/base/date.c) and tests/tables/rules/instants.txt.
create or replace function pagetide.is_instant(text) returns boolean
language sql immutable
set search_path = pagetide, pg_temp
as $$
    select $1 ~ ':.*([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$' and instant($1) is not null
$$;

-- A text that names an instant: RFC 3339, a time without an offset (UTC), or a date (its
-- midnight, UTC); null for anything else. Years 1 to 9999; digits of the fraction beyond six are
-- cut; second 60 is the last microsecond of the second before. PostgreSQL's own cast would round,
-- and take hour 24 and words such as `today`. Also in C: if you change this, change date_parse_iso
-- (lib/base/date.c) and tests/tables/rules/instants.txt.
create or replace function pagetide.instant(text) returns timestamptz
language plpgsql immutable
set search_path = pagetide, pg_temp
as $$
declare
    part text[] := regexp_match($1, '^([0-9]{4})-([0-9]{2})-([0-9]{2})'
        '(?:[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?'
        '(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?$');
    number int[] := part[1:6]::int[] || part[10:11]::int[];
    first_day date;
    at timestamp;
begin
    -- year, month, day, hour, minute, second; the offset's hours and minutes
    if part is null or number[1] < 1 or number[2] not between 1 and 12 or number[3] < 1
        or number[4] > 23 or number[5] > 59 or number[6] > 60
        or number[7] > 23 or number[8] > 59 then
        return null;
    end if;
    first_day := make_date(number[1], number[2], 1);
    if first_day + number[3] > first_day + interval '1 month' then
        return null;
    end if;
    at := first_day + make_interval(0, 0, 0, number[3] - 1, coalesce(number[4], 0),
        coalesce(number[5], 0), least(coalesce(number[6], 0), 59));
    at := at + interval '1 microsecond' * case when number[6] = 60 then 999999
        else rpad(left(coalesce(part[7], ''), 6), 6, '0')::int end;
    if part[9] is not null then
        at := at - (part[9] || '1')::int
            * make_interval(0, 0, 0, 0, number[7], coalesce(number[8], 0));
    end if;
    if at < timestamp '0001-01-01' or at >= timestamp '10000-01-01' then
        return null;
    end if;
    return at at time zone 'UTC';
end
$$;

-- Whether the COMMIT of this transaction waits for the disk. Without it a crash of PostgreSQL may take
-- the last of them away, in their order; with it all that were before are on the disk too. A setting
-- that asks for more, such as remote_apply, stays.
create or replace function pagetide.wait_for_disk(wanted boolean) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    if wanted and current_setting('synchronous_commit') = 'off' then
        perform set_config('synchronous_commit', 'on', true);
    elsif not wanted and current_setting('synchronous_commit') in ('on', 'local') then
        perform set_config('synchronous_commit', 'off', true);
    end if;
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
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    perform from job j where j.id = any (ids) order by j.id for update;
end
$$;
