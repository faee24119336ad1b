-- Partitions that come from SQL. Their list is asked for when a run begins, by the process that
-- has begun it or by a scheduler, in a session that can only read (scheduler/partitions.c). Until
-- then the run has one job, which waits for the list and takes its place.
-- Needs clock, lock_jobs (helpers), put_jobs, end_idle_run, notify_run (runs), finish_run (run_end).

-- Whether the partitions of a definition come from SQL.
create or replace function pagetide.has_listing(spec jsonb) returns boolean
language sql immutable
as $$
    select coalesce(jsonb_typeof(spec -> 'partitions') = 'object' and spec -> 'partitions' ? 'sql', false)
$$;

-- The job that waits for the list. No worker takes it: it waits for longer than anybody looks.
create or replace function pagetide.put_listing(of_run bigint, reserve_worker text) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into job (run, n, part, state, wait_until, waiting_for, worker, reserved)
    values (of_run, 1, '{"listing": true}', 'waiting', clock() + interval '100 years',
        'the list of its partitions', reserve_worker, reserve_worker is not null)
$$;

-- A run whose list is to be asked for: this one, or the oldest that no `sync` keeps for itself.
create or replace function pagetide.listing_due(of_run bigint default null)
returns table (run bigint, stream text, sql text, most bigint)
language sql stable
set search_path = pagetide, pg_temp
as $$
    select r.id, r.stream, d.spec -> 'partitions' ->> 'sql',
        coalesce((d.spec -> 'partitions' ->> 'max')::bigint, 10000)
    from job j join run r on r.id = j.run
    join definition d on d.stream = r.stream and d.version = r.version
    where j.state = 'waiting' and j.part ? 'listing'
        and case when of_run is null then not j.reserved else r.id = of_run end
    order by r.id limit 1
$$;

-- Why a list cannot be used, or null.
create or replace function pagetide.listing_refusal(listed jsonb, most bigint) returns text
language sql immutable
as $$
    select case
        when jsonb_array_length(listed) > most
            then format('more than %s rows (max)', most)
        else (select format('row %s has no %s', p.n, k.key)
            from jsonb_array_elements(listed) with ordinality p (value, n)
            cross join lateral jsonb_each(p.value) k
            where k.value = 'null' order by p.n limit 1) end
$$;

-- Ends the job that waited for the list: the run has failed.
create or replace function pagetide.fail_listing(of_run bigint, why text) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update run r set state = 'running', started_at = coalesce(r.started_at, clock())
    where r.id = of_run;
    update job j set state = 'failed', reason = 'definition', error = 'partitions.sql: ' || why,
        wait_until = null, waiting_for = null, started_at = clock(), finished_at = clock()
    where j.run = of_run and j.part ? 'listing';
    perform finish_run(of_run);
end
$$;

-- The list has come, or `failure` says why it has not: the run gets a job for each partition. Rows
-- that come twice are one partition. False where somebody else was faster.
create or replace function pagetide.take_listing(of_run bigint, listed jsonb, failure text)
returns boolean
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    waiting job;
    def definition;
    refusal text := failure;
    parts jsonb[];
begin
    select * into waiting from job j where j.run = of_run and j.part ? 'listing'
        and j.state = 'waiting' for update;
    if not found then
        return false;
    end if;
    select d.* into def from run r join definition d on d.stream = r.stream
        and d.version = r.version where r.id = of_run;
    refusal := coalesce(failure, listing_refusal(listed,
        coalesce((def.spec -> 'partitions' ->> 'max')::bigint, 10000)));
    if refusal is not null then
        perform fail_listing(of_run, refusal);
        return true;
    end if;
    parts := array(select jsonb_build_object('partition', p.value)
        from jsonb_array_elements(listed) with ordinality p (value, n)
        group by p.value order by min(p.n));
    delete from job j where j.id = waiting.id;
    perform put_jobs(of_run, def.spec, parts, waiting.worker);
    if not exists (select from job j where j.run = of_run) then
        perform end_idle_run(of_run, case when listed = '[]' then 'partitions.sql gave no rows'
            else 'the bookmarks stand at the end of the window' end, waiting.worker);
    end if;
    update run r set warnings = r.warnings || format('partitions: %s rows came twice, each is one '
        'partition', jsonb_array_length(listed) - cardinality(parts))
    where r.id = of_run and jsonb_array_length(listed) > cardinality(parts);
    perform notify_run(of_run);
    return true;
end
$$;
