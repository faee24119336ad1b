-- Definitions of streams and their versions; the partitions that a definition names.
-- Needs clock (helpers), is_zone (zones), after_circle (after).

-- One row per partition that a run of this definition has: {"partition": …}, or {} where there are none.
create or replace function pagetide.spec_parts(spec jsonb) returns table (n int, part jsonb)
language sql immutable
as $$
    with named as (
        select p.n::int, jsonb_build_object('partition', p.value)
        from jsonb_array_elements(case when jsonb_typeof(spec -> 'partitions') = 'array'
            then spec -> 'partitions' else spec -> 'partitions' -> 'list' end)
            with ordinality as p (value, n))
    select * from named
    union all
    select 1, '{}' where not exists (select from named)
$$;

-- The key of a part's bookmark: the partition as JSON text, '' for the only part.
create or replace function pagetide.part_key(part jsonb) returns text
language sql immutable
as $$
    select coalesce((part -> 'partition')::text, '')
$$;

-- Why a definition that is right in itself cannot be stored, or null.
create or replace function pagetide.define_refusal(of_stream text, new_spec jsonb,
    new_timezone text) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case
        when not is_zone(coalesce(nullif(new_timezone, ''), 'UTC'))
            then format('timezone: PostgreSQL knows no time zone "%s"; it has names such as '
                'Europe/Berlin', new_timezone)
        when after_circle(of_stream, new_spec) is not null
            then format('after: a circle, in which nothing would ever start: %s',
                after_circle(of_stream, new_spec))
    end
$$;

-- Stores a definition and returns its version; one that was stored before keeps its version.
-- Without move_version (`sync`) the schedule of a known stream stays as it is.
create or replace function pagetide.define(of_stream text, new_spec jsonb, new_schedule text,
    new_timezone text, new_every_ms bigint, move_version boolean) returns int
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    found_version int;
begin
    perform pg_advisory_xact_lock(hashtextextended('pagetide.define ' || of_stream, 0));
    select max(d.version) into found_version from definition d
    where d.stream = of_stream and d.spec = new_spec;
    if found_version is null then
        insert into definition (stream, version, spec)
        select of_stream, coalesce(max(d.version), 0) + 1, new_spec
        from definition d where d.stream = of_stream
        returning version into found_version;
    end if;
    insert into stream (name, version) values (of_stream, found_version)
    on conflict (name) do nothing;
    if move_version then
        perform move_version(of_stream, found_version, new_schedule, new_timezone, new_every_ms);
    end if;
    return found_version;
end
$$;

-- A changed schedule has no next_due: the scheduler works it out.
create or replace function pagetide.move_version(of_stream text, to_version int,
    new_schedule text,
    new_timezone text, new_every_ms bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    update stream s set
        version = to_version,
        schedule = nullif(new_schedule, ''),
        every_ms = nullif(new_every_ms, 0),
        timezone = coalesce(nullif(new_timezone, ''), 'UTC'),
        catch_up = coalesce(d.spec ->> 'catch_up', 'latest'),
        next_due = case when (s.schedule, s.every_ms, s.timezone) is not distinct from
            (nullif(new_schedule, ''), nullif(new_every_ms, 0),
            coalesce(nullif(new_timezone, ''), 'UTC')) then s.next_due end,
        removed_at = null
    from definition d
    where s.name = of_stream and d.stream = of_stream and d.version = to_version
$$;
