-- The order of bookmarks, and moving them at the end of a run.
-- Needs is_instant (helpers), part_key (definitions).

-- A number as JSON writes it, of at most 1,000 digits and an exponent of at most 400.
create or replace function pagetide.is_number(text) returns boolean
language sql immutable
as $$
    select $1 ~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$'
        and length(translate(substring($1 from '^[^eE]*'), '-.', '')) <= 1000
        and coalesce(length(ltrim(substring($1 from '[eE][+-]?([0-9]+)$'), '0')) <= 3
            and substring($1 from '[eE][+-]?([0-9]+)$')::numeric <= 400, true)
$$;

-- The higher of two bookmarks: as numbers, as instants, else bytewise; a tie keeps the first.
-- `kind` is bookmark.type of the definition: number, time, text, or guess (also null), which
-- compares as what both look like. Also in C, within a page: if you change this, change
-- bookmark_high_is_later (worker/records/bookmark_high.c) and tests/tables/rules/bookmarks.txt.
create or replace function pagetide.later(a text, b text, kind text) returns text
language plpgsql immutable
set search_path = pagetide, pg_temp
as $$
begin
    if a is null or b is null then
        return coalesce(a, b);
    elsif coalesce(kind, 'guess') in ('guess', 'number') and is_number(a) and is_number(b) then
        return case when b::numeric > a::numeric then b else a end;
    elsif coalesce(kind, 'guess') in ('guess', 'time') and is_instant(a) and is_instant(b) then
        return case when instant(b) > instant(a) then b else a end;
    end if;
    return case when b collate "C" > a collate "C" then b else a end;
end
$$;

-- The highest of several bookmarks.
create or replace aggregate pagetide.latest(value text, kind text)
    (sfunc = pagetide.later, stype = text);

-- A full run has seen every record, so its value is taken even where it is lower.
create or replace function pagetide.move_bookmarks(of_run bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into bookmark as k (stream, partition, value, run)
    select r.stream, part_key(j.part), latest(j.bookmark_high, j.bookmark_type), r.id
    from run r join job j on j.run = r.id
    where r.id = of_run and r.mode <> 'window' and j.bookmark_high is not null
    group by 1, 2, 4
    order by 2
    on conflict (stream, partition) do update set run = excluded.run,
        value = case when (select r.mode from run r where r.id = of_run) = 'full'
            then excluded.value else later(k.value, excluded.value, (select min(j.bookmark_type)
                from job j where j.run = of_run)) end
$$;
