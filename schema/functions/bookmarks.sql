-- The order of bookmarks, and moving them at the end of a run.
-- Needs instant (helpers), part_key (definitions), run_legs (legs).

-- A number as JSON writes it, of at most 1,000 digits and an exponent of at most 400.
create or replace function pagetide.is_number(text) returns boolean
language sql immutable
as $$
    select $1 ~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$'
        and length(translate(substring($1 from '^[^eE]*'), '-.', '')) <= 1000
        and coalesce(length(ltrim(substring($1 from '[eE][+-]?([0-9]+)$'), '0')) <= 3
            and substring($1 from '[eE][+-]?([0-9]+)$')::numeric <= 400, true)
$$;

-- What a text is to a bookmark of this type: number, time, text, or null where it cannot be read.
-- `kind` is bookmark.type of the definition: number, time, text, or guess (also null), which takes
-- numbers and times. A token has no order: the newest counts.
create or replace function pagetide.bookmark_kind(value text, kind text) returns text
language sql immutable
set search_path = pagetide, pg_temp
as $$
    select case
        when coalesce(kind, 'guess') in ('guess', 'number') and is_number(value) then 'number'
        when coalesce(kind, 'guess') in ('guess', 'time') and instant(value) is not null then 'time'
        when kind in ('text', 'token') and value <> '' then 'text'
    end
$$;

-- The higher of two bookmarks: as numbers, as instants, or bytewise. A tie keeps the first, and so
-- does a second one of another kind; a first one that cannot be read gives way. Also in C, within a
-- page: if you change this, change bookmark_high_is_later (worker/records/bookmark_high.c) and
-- tests/tables/rules/bookmarks.txt.
create or replace function pagetide.later(a text, b text, kind text) returns text
language plpgsql immutable
set search_path = pagetide, pg_temp
as $$
declare
    both_are text;
begin
    if a is null or b is null or a = b then
        return coalesce(a, b);
    elsif kind = 'token' then
        return coalesce(nullif(b, ''), a);
    end if;
    both_are := bookmark_kind(a, kind);
    if both_are is distinct from bookmark_kind(b, kind) or both_are is null then
        return case when both_are is null and bookmark_kind(b, kind) is not null then b else a end;
    elsif both_are = 'number' then
        return case when b::numeric > a::numeric then b else a end;
    elsif both_are = 'time' then
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
    from run r cross join run_legs(of_run) j
    where r.id = of_run and r.mode <> 'window' and j.bookmark_high is not null
        and not j.part ? 'window'
    group by 1, 2, 4
    order by 2
    on conflict (stream, partition) do update set run = excluded.run,
        value = case when (select r.mode from run r where r.id = of_run) = 'full'
            then excluded.value else later(k.value, excluded.value, (select min(j.bookmark_type)
                from job j where j.run = of_run)) end
$$;

-- A run that appends and found no bookmark would be followed by one that stores the same records
-- again: it has not succeeded. Its rows go before that run's first ones (remove_unfinished).
create or replace function pagetide.end_by_bookmark(m pagetide.mark, j pagetide.job)
returns jsonb
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when m."end" ->> 'state' = 'succeeded' and j.records > j.rejects
            and nullif(j.bookmark_high, '') is null and exists (
                select from run r join definition d on d.stream = r.stream and d.version = r.version
                where r.id = j.run and r.mode <> 'window' and d.spec ? 'bookmark'
                    and not d.spec ? 'window'
                    and coalesce(d.spec ->> 'write', 'append') = 'append')
        then jsonb_build_object('state', 'failed', 'reason', 'definition', 'error', format(
            'none of %s records had a bookmark: the next run would append the same ones again '
            '(bookmark.path, type and from say where it is; write: upsert with a key doubles '
            'nothing)', j.records))
        else m."end"
    end
$$;
