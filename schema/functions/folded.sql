-- Records whose key came before in the same job: `folded`. An API whose sort has ties, or whose
-- rows move while they are paged, gives some records twice and others never, and its total is
-- reached all the same.
--
-- Every commit leaves the hashes of its keys in job_keys, and the commit that ends the job counts
-- them. The worker hashes keys of the types that it knows, and the server all others, from the
-- staging table; a job keeps to the one that it began with. The table itself cannot tell: an unchanged row keeps the run that wrote it, and jobs of one
-- run may rightly read the same record. A page that is sent again is skipped, so it is counted once.
--
-- job_keys is not in the WAL: eight bytes for each record would be most of what a re-load of unchanged
-- data writes there. After a crash of PostgreSQL, or on a replica that took over, it is empty. So
-- job.keyed counts what was put there, and a job whose hashes are fewer at its end is not proved.
--
-- The keys of a range are kept until the job ends that waited for it: they are counted with its own.
-- Needs is_end (helpers), merge_columns (merge), may_retry (orders), doubt (run_end), split_jobs,
-- is_range (ranges).

-- The hashes of a batch's keys by job, with the job's last page; $1 indexes of the applied marks,
-- $2 their jobs, $3 their pages, $4 their legs. Equal keys must have equal hashes, so they are hashed as the type
-- that the table has, or `as_text` where that type has no hash. Null: the table has no key.
create or replace function pagetide.keys_sql(target jsonb, as_text boolean) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('select m.job, max(m.page), array_agg(hash_record_extended(row(%s), 0)), false, '
        'm.leg from pg_temp.%I s join unnest($1, $2, $3, $4) as m (n, job, page, leg) '
        'on m.n = s._pt_mark group by m.job, m.leg',
        string_agg(format('s.%I::%s%s', c.name, c.type, case when as_text then '::text' else '' end),
            ', ' order by c.at), target ->> 'stage')
    from merge_columns(target) c where c.is_key
    having count(*) > 0
$$;

-- The hashes that a worker of the version before took: one text of a bigint[] for each mark.
create or replace function pagetide.told_keys(sent jsonb, marks pagetide.mark[])
returns setof pagetide.job_keys
language sql immutable
as $$
    select m.job, max(m.page), ('{' || string_agg(btrim(k.keys, '{}'), ',') || '}')::bigint[], true, 0
    from jsonb_array_elements_text(sent) with ordinality as k (keys, at)
    join unnest(marks) m on m.n = k.at - 1
    where m.verdict = 'applied' and m.page > 0 and k.keys <> '{}'
    group by m.job
$$;

-- The hashes that the worker took: those of all marks, one after another, and how many each has.
create or replace function pagetide.sent_keys(counts jsonb, hashes bigint[], marks pagetide.mark[])
returns setof pagetide.job_keys
language plpgsql immutable
set search_path = pagetide, pg_temp
as $$
begin
    if hashes is null then
        return query select * from told_keys(counts, marks);
    elsif hashes <> '{}' and not exists (select from unnest(marks) m
        where m.job <> marks[1].job or m.leg is distinct from marks[1].leg or m.verdict <> 'applied') then
        return query select m.job, max(m.page), hashes, true, coalesce(m.leg, 0)
        from unnest(marks) m group by m.job, m.leg;
    else
        return query select m.job, max(m.page), array_agg(h.hash), true, coalesce(m.leg, 0)
        from (select c.at - 1 as n, c.count::int, sum(c.count::int) over (order by c.at) as last
            from jsonb_array_elements_text(counts) with ordinality as c (count, at)) k
        join unnest(marks) m on m.n = k.n and m.verdict = 'applied' and m.page > 0
        cross join lateral unnest(hashes[k.last - k.count + 1 : k.last]) h (hash)
        group by m.job, m.leg;
    end if;
end
$$;

-- Whether one of the jobs began with hashes of the server's: a process of a version before had it.
create or replace function pagetide.began_by_server(marks pagetide.mark[]) returns boolean
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    return exists (select from (select distinct m.job from unnest(marks) m) j
        cross join lateral (select k.by_worker from job_keys k where k.job = j.job
            order by k.page limit 1) first
        where not first.by_worker);
end
$$;

-- The hashes of the keys in the staging table; nothing where the batch has no table or no key. With
-- `merge: fill` the pieces of a record rightly come with its key.
create or replace function pagetide.staged_keys(target jsonb, marks pagetide.mark[])
returns setof pagetide.job_keys
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    numbers int[];
    jobs bigint[];
    pages int[];
    legs int[];
begin
    select array_agg(m.n), array_agg(m.job), array_agg(m.page), array_agg(coalesce(m.leg, 0))
    into numbers, jobs, pages, legs
    from unnest(marks) m where m.verdict = 'applied' and m.page > 0;
    if jsonb_typeof(target) is distinct from 'object' or numbers is null
        or not jsonb_path_exists(target, '$.key[*]') or (target ->> 'fills')::boolean then
        return;
    end if;
    begin
        return query execute keys_sql(target, false) using numbers, jobs, pages, legs;
    exception when undefined_function then -- a type without a hash, such as bit
        return query execute keys_sql(target, true) using numbers, jobs, pages, legs;
    end;
end
$$;

-- The hashes of the keys that this batch stores. PT010: the server must see all of them, so the whole
-- batch is to come by a staging table.
create or replace function pagetide.batch_keys(batch jsonb, hashes bigint[], marks pagetide.mark[])
returns setof pagetide.job_keys
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    target constant jsonb := batch -> 'table';
begin
    if not batch ? 'keys' then
        return query select * from staged_keys(target, marks);
    elsif not began_by_server(marks) then
        return query select * from sent_keys(batch -> 'keys', hashes, marks);
    elsif jsonb_typeof(target) is distinct from 'object' or (target ->> 'direct')::boolean
        or (target ->> 'part')::boolean then
        raise exception 'the keys of the batch are hashed in a staging table'
            using errcode = 'PT010';
    else
        return query select * from staged_keys(target, marks);
    end if;
end
$$;

-- How many keys of the job, or of one of its legs, came before in it, those of this batch included, and
-- how many are gone. The sort of 10 million takes 5 seconds of a processor, and with less memory a
-- fifth more.
create or replace function pagetide.count_keys(of_job bigint, of_leg int, fresh bigint[])
returns table (folded bigint, lost bigint)
language sql stable
set search_path = pagetide, pg_temp
set work_mem = '64MB'
as $$
    select count(*) - count(distinct k.key),
        coalesce((select l.keyed from job_leg l where l.job = of_job and l.n = of_leg),
            (select sum(j.keyed) from job j where j.id = any (split_jobs(of_job)))::bigint)
            + coalesce(cardinality(fresh), 0) - count(*)
    from (select unnest(s.keys) from job_keys s where s.job = any (split_jobs(of_job)) and s.leg = of_leg
        union all select unnest(fresh)) k (key)
$$;

-- `allow_repeats` of the definition: the API rightly gives records twice.
create or replace function pagetide.may_repeat(of_run bigint) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce((d.spec -> 'pagination' ->> 'allow_repeats')::boolean, false)
    from run r join definition d on d.stream = r.stream and d.version = r.version
    where r.id = of_run
$$;

-- Where an error of an end lies; an end may come after the last page, alone.
create or replace function pagetide.at_page(page int) returns text
language sql immutable
as $$
    select case when page > 0 then format('page %s: ', page) else '' end
$$;

-- Where the job stands with its end.
create or replace function pagetide.end_checkpoint(m pagetide.mark) returns jsonb
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce(m.checkpoint, (select j.checkpoint from job j where j.id = m.job))
$$;

-- The end of a job, weighed anew: a total that only keys which came twice have reached contradicts
-- it, and without a total it is not proved, nor told by a count of pages, unless records may come twice.
create or replace function pagetide.weigh_end(m pagetide.mark) returns pagetide.mark
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    advice constant text := 'sort by a field without ties, with `step: size` where paging is by '
        'offset, or choose another `key`';
    others bigint := m.reached - m.folded;
begin
    if m.folded = 0 then
        return m;
    end if;
    if m."end" ->> 'state' = 'succeeded' and m.total > others and m.total <= m.reached then
        m.complete := 'contradicted';
        m.complete_why := format('%s, %s of them with a key that came before: %s are different',
            m.complete_why, m.folded, others);
        m."end" := jsonb_build_object('state', 'truncated', 'reason', 'inconsistent_end', 'error',
            format('%s%s', at_page(m.page), m.complete_why));
        return m;
    elsif may_repeat(m.run) then
        return m;
    end if;
    if m.complete = 'proved' and (m.total <= others) is not true
        or m.complete = 'told' and end_checkpoint(m) ? 'pages' then
        m.complete := 'assumed';
        m.complete_why := format('%s, but of the records %s have a key that came before',
            m.complete_why, m.folded);
    end if;
    m.warning := concat_ws('; ', nullif(m.warning, ''), format('records with a key that '
        'came before in this run: %s; others may be missing; %s', m.folded, advice));
    return m;
end
$$;

-- Without the hashes of all its keys nobody can say that no record came twice.
create or replace function pagetide.weigh_loss(m pagetide.mark, lost bigint) returns pagetide.mark
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    if lost > 0 and m.complete = 'proved' and not may_repeat(m.run) then
        m.complete := 'told';
        m.complete_why := format('%s, but a crash of PostgreSQL took the hashes of %s keys: whether '
            'some of them came twice is not known', m.complete_why, lost);
    end if;
    return m;
end
$$;

-- `require` of the stream is for an end as it is known now.
create or replace function pagetide.end_by_require(m pagetide.mark, required text) returns jsonb
language sql immutable
set search_path = pagetide, pg_temp
as $$
    select case when m."end" ->> 'state' = 'succeeded' and doubt(m.complete) > doubt(required)
        then jsonb_build_object('state', 'failed', 'reason', 'inconsistent_end', 'error', format(
            '%sthe end is %s (%s), `require` is %s', at_page(m.page), m.complete, m.complete_why,
            required))
        else m."end"
    end
$$;

-- Whether the job's paging has begun anew (`then: reset`, `restart_after`): records rightly came twice.
create or replace function pagetide.has_begun_anew(m pagetide.mark) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select coalesce(end_checkpoint(m) ?| array['resets', 'restarts'], false)
$$;

-- A mark that ends its job, with what the job's keys say; any other mark as it is.
create or replace function pagetide.weigh_mark(m pagetide.mark, fresh bigint[], required text)
returns pagetide.mark
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    lost bigint;
begin
    if m.verdict is distinct from 'applied' or is_end(m."end" ->> 'state') is not true
        or is_range(m.job) then
        return m;
    end if;
    select c.folded, c.lost into m.folded, lost from count_keys(m.job, coalesce(m.leg, 0), fresh) c;
    if has_begun_anew(m) then
        m.folded := 0;
    end if;
    m := weigh_end(m);
    m := weigh_loss(m, lost);
    m."end" := end_by_require(m, required);
    return m;
end
$$;

-- Whether the mark ends its job or leg for good, so that its keys are wanted no more.
create or replace function pagetide.is_last_mark(m pagetide.mark) returns boolean
language sql immutable
set search_path = pagetide, pg_temp
as $$
    select m.verdict = 'applied' and is_end(m."end" ->> 'state')
        and not may_retry(m."end" ->> 'state')
$$;

-- Keeps the keys of this batch, and forgets those of jobs and legs that are over. One that may go on
-- by `retry` keeps its own.
create or replace function pagetide.save_keys(fresh pagetide.job_keys[], marks pagetide.mark[])
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    over mark[] := array(select m from unnest(marks) m where m."end" is not null and is_last_mark(m)
        and not is_range(m.job));
begin
    if fresh <> '{}' then
        insert into job_keys select f.* from unnest(fresh) f where not exists (
            select from unnest(over) o where o.job = f.job and coalesce(o.leg, 0) = f.leg);
    end if;
    if over <> '{}' then
        delete from job_keys k using unnest(over) o
        where k.job = any (split_jobs(o.job)) and k.leg = coalesce(o.leg, 0);
    end if;
end
$$;

-- The marks of a batch, their ends weighed by the keys that their jobs have stored.
create or replace function pagetide.weigh_keys(fresh pagetide.job_keys[], marks pagetide.mark[],
    required text) returns pagetide.mark[]
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
begin
    if not exists (select from unnest(marks) m where m."end" is not null) then
        return marks;
    end if;
    return array(select case when m."end" is null then m else weigh_mark(m, f.keys, required) end
        from unnest(marks) m left join unnest(fresh) f on f.job = m.job and f.leg = coalesce(m.leg, 0)
        order by m.n);
end
$$;

-- Only the newest run of a stream can go on: the keys of those before it are wanted no more.
create or replace function pagetide.forget_keys(of_stream text, newest bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    delete from job_keys k using job j, run r
    where j.id = k.job and r.id = j.run and r.stream = of_stream and r.id < newest
$$;
