-- What Redis and PostgreSQL refuse to the processes: for `pagetide status`, because only their logs know it else.
-- Needs clock (helpers).

-- Notes that this is refused to the process, and how often so far; 0: not any more. A process
-- that ends cannot say so: rows that nobody renews are left out after three minutes.
create or replace function pagetide.note_refusal(in_process text, of_what text, with_words text,
    times bigint, by text default 'Redis')
returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    delete from refusal f
    where f.seen_at < clock() - interval '1 day'
        or times = 0 and f.process = in_process and f.what = of_what;
    insert into refusal (process, what, why, count, by_whom)
    select in_process, of_what, with_words, times, by where times > 0
    on conflict (process, what) do update set why = with_words, count = times, seen_at = clock();
$$;

-- What is refused now.
create or replace function pagetide.refusals()
returns table (what text, why text, times bigint, since timestamptz, processes bigint,
    by_whom text)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select f.what, (array_agg(f.why order by f.seen_at desc))[1], sum(f.count)::bigint,
        min(f.since), count(*), min(f.by_whom)
    from refusal f where f.seen_at >= clock() - interval '3 minutes'
    group by f.what order by f.what
$$;
