-- Schedulers: which live, and what waits where none does.
-- Needs clock (helpers).

-- Notes that the scheduler lives. The row of one that is gone stays for a day: when it was seen.
create or replace function pagetide.scheduler_seen(who text, on_host text, with_pid int,
    with_version text, of_folder text)
returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into scheduler (id, host, pid, version, folder)
        values (who, on_host, with_pid, with_version, of_folder)
    on conflict (id) do update set seen_at = clock();
    delete from scheduler s where s.seen_at < clock() - interval '1 day';
$$;

-- A stream with a schedule waits for a scheduler.
create or replace function pagetide.is_scheduled(of_stream text) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from stream s where s.name = of_stream and s.removed_at is null
        and not s.paused and (s.schedule is not null or s.every_ms is not null))
$$;

-- No row while a scheduler lives: one seen within `silence`, and not among those known to be gone.
-- Else how many streams with a schedule wait, and who was seen last, where that is known.
create or replace function pagetide.missed_scheduler(silence interval, gone text[] default '{}')
returns table (streams bigint, last_seen timestamptz, on_host text)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select (select count(*) from stream s where is_scheduled(s.name)), l.seen_at, l.host
    from (values (1)) one left join lateral (
        select s.seen_at, s.host from scheduler s order by s.seen_at desc limit 1) l on true
    where not exists (select from scheduler s
        where s.seen_at >= clock() - silence and s.id <> all (gone))
$$;

-- The streams that are in none of the files whose streams these are.
create or replace function pagetide.strangers(of_folder text[]) returns table (stream text)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select s.name from stream s
    where s.removed_at is null and s.name <> all (of_folder) order by s.name
$$;
