-- What the applied marks of a batch leave in the jobs and in the ledger: how far each job got.
-- Needs clock (helpers), later, latest (bookmarks), add_counts, add_notes (misfits), add_places (places).

-- A 64-bit hash, signed or not, as the bigint with the same bits.
create or replace function pagetide.hash_bits(hash text) returns bigint
language sql immutable
as $$
    select case
        when hash is null then 0
        when hash like '-%' or length(hash) < 19
            or length(hash) = 19 and hash collate "C" <= '9223372036854775807' then hash::bigint
        else (hash::numeric - 18446744073709551616)::bigint
    end
$$;

-- The ledger: one row for each applied page.
create or replace function pagetide.save_pages(marks pagetide.mark[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    now constant timestamptz := clock();
begin
    insert into page (job, number, request_hash, records_hash, status, attempts, records, bytes,
        fetched_at, committed_at, leg, asked, why, waited_ms, way)
    select m.job, m.page, hash_bits(m.request_hash), hash_bits(m.records_hash), m.status,
        coalesce(m.attempts, 1), coalesce(m.records, 0), coalesce(m.bytes, 0),
        to_timestamp(m.fetched_at_ms / 1000::float8), now, m.leg, m.asked, m.why, m.waited_ms, m.way
    from unnest(marks) m
    where m.verdict = 'applied' and m.page > 0;
end
$$;

-- The jobs' checkpoints and counts, and how many keys are `fresh` (folded). A committed page shows that the job is healthy: its attempts,
-- waits and lost workers are counted from 0 again.
create or replace function pagetide.save_progress(marks pagetide.mark[],
    fresh pagetide.job_keys[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    update job j set
        page = greatest(j.page, d.page),
        checkpoint = coalesce(d.checkpoint, j.checkpoint),
        pages_total = coalesce(d.pages_total, j.pages_total),
        records = j.records + d.records,
        bytes = j.bytes + d.bytes,
        rejects = j.rejects + d.rejects,
        asides = j.asides + d.asides,
        dropped = j.dropped + d.dropped,
        keyed = j.keyed + coalesce((select sum(cardinality(f.keys)) from unnest(fresh) f
            where f.job = j.id and f.leg = 0), 0),
        retries = j.retries + d.retries,
        waited_ms = j.waited_ms + d.waited_ms,
        attempt = case when d.page > 0 then 0 else j.attempt end,
        told_waits = case when d.page > 0 then 0 else j.told_waits end,
        losses = case when d.page > 0 then 0 else j.losses end,
        crashes = case when d.page > 0 then 0 else j.crashes end,
        at_page = j.at_page and d.page = 0,
        bookmark_high = later(j.bookmark_high, d.bookmark_high, j.bookmark_type)
    from (
        select m.job, max(m.page) as page,
            marks[1 + max(m.n) filter (where m.checkpoint is not null)].checkpoint as checkpoint,
            marks[1 + max(m.n) filter (where m.pages_total > 0)].pages_total as pages_total,
            coalesce(sum(m.records), 0) as records, coalesce(sum(m.bytes), 0) as bytes,
            coalesce(sum(m.rejects), 0) as rejects, coalesce(sum(m.asides), 0) as asides,
            coalesce(sum(m.dropped), 0) as dropped,
            coalesce(sum(m.retries), 0) as retries, coalesce(sum(m.waited_ms), 0) as waited_ms,
            latest(m.bookmark_high, o.bookmark_type order by m.n)
                filter (where m.bookmark_high <> '' and m.leg is null) as bookmark_high
        from unnest(marks) m join job o on o.id = m.job
        where m.verdict = 'applied' group by m.job) d
    where j.id = d.job;
end
$$;

-- What only few pages have: warnings (each once), the paging that was recognised, which columns the
-- values kept aside belong to, and at which places of the definition there was something. They are
-- kept in the job, because the commit of a page does not touch the run's row.
create or replace function pagetide.save_notes(marks pagetide.mark[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    m mark;
begin
    for m in select * from unnest(marks) u where u.verdict = 'applied'
        and (u.warning <> '' or u.paging <> '' or u.aside_columns is not null or u.places is not null)
    loop
        update job j set
            warnings = case when m.warning <> '' and m.warning <> all (j.warnings)
                then j.warnings || m.warning else j.warnings end,
            paging = coalesce(nullif(m.paging, ''), j.paging),
            places = case when m.places is null then j.places
                else add_places(j.places, m.places) end,
            aside_columns = case when m.aside_columns is null then j.aside_columns
                else add_counts(j.aside_columns, m.aside_columns) end,
            aside_notes = case when m.aside_notes is null then j.aside_notes
                else add_notes(j.aside_notes, m.aside_notes, m.page) end
        where j.id = m.job;
    end loop;
end
$$;
