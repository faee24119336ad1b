-- What is done after a run has ended (worker/after/): planned in the transaction that ends the run,
-- worked off by schedulers, and by `sync` for its own streams. SQL and notifications happen
-- together with the end of their chore, so once; a webhook at least once.
-- Needs clock, ms, rfc3339 (helpers), the tables chore, run and definition.

-- What a run has come to, for those who are told.
create or replace function pagetide.run_event(of_run bigint) returns jsonb
language sql stable
set search_path = pagetide, pg_temp
as $$
    select jsonb_build_object('run', r.id, 'stream', r.stream, 'state', r.state, 'reason', r.reason,
        'error', r.error, 'trigger', r.trigger, 'mode', r.mode, 'pages', r.pages, 'records', r.records,
        'rejects', r.rejects, 'asides', r.asides, 'warnings', to_jsonb(r.warnings),
        'started_at', rfc3339(r.started_at), 'finished_at', rfc3339(r.finished_at))
    from run r where r.id = of_run
$$;

-- Whether the stream's table is larger by half than at its last ANALYZE or VACUUM, or had none.
create or replace function pagetide.has_grown(of_stream text) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from target t
        join pg_class c on c.oid = to_regclass(format('%I.%I', t.schema_name, t.table_name))
        cross join lateral (select sum(pg_relation_size(l.oid)) as bytes, sum(l.relpages) as pages
            from pg_class l where l.oid = c.oid or l.oid in (select p.relid
                from pg_partition_tree(c.oid) p where p.isleaf)) s
        where t.stream = of_stream and c.relkind in ('r', 'p') and s.bytes > 0
            and (c.reltuples < 0 or s.bytes * 2 >= s.pages * 3 * current_setting('block_size')::bigint))
$$;

-- Called where a run has ended.
create or replace function pagetide.plan_chores(ended bigint) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into chore (stream, run, kind, event)
    select r.stream, r.id, k.kind, run_event(r.id)
    from run r join definition d on d.stream = r.stream and d.version = r.version
    cross join lateral (select d.spec -> 'after_load' as wanted) a
    cross join lateral (
        values ('analyze', r.records > r.rejects and has_grown(r.stream)),
            ('sql', a.wanted ? 'sql'), ('notify', a.wanted ? 'notify'),
            ('webhook', a.wanted ? 'webhook')) as k (kind, is_wanted)
    where r.id = ended and k.is_wanted and (k.kind = 'analyze' or r.state = 'succeeded'
        or coalesce(a.wanted ->> 'on', 'ended') = 'ended')
    on conflict do nothing
$$;

-- How long a chore may take: `timeout` of the definition, in milliseconds.
create or replace function pagetide.chore_ms(after_load jsonb) returns bigint
language sql stable
as $$
    select (extract(epoch from coalesce((after_load ->> 'timeout')::interval, '1 minute')) * 1000)::bigint
$$;

-- The end of a chore, in its own transaction where it is SQL: if another process has taken it
-- meanwhile, all of it is taken back.
create or replace function pagetide.end_chore(of_id bigint, by_owner text) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    delete from chore c where c.id = of_id and c.owner = by_owner;
    if not found then
        raise exception 'another process has taken it' using errcode = 'PT011';
    end if;
end
$$;

-- The statements of a chore, as one message and so as one transaction; null for a webhook. SQL of
-- the definition sees the run in the setting pagetide.event.
create or replace function pagetide.chore_sql(c pagetide.chore, spec jsonb, timeout_ms bigint)
returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case c.kind
        when 'analyze' then format('set local lock_timeout = ''2s''; analyze %I.%I;', spec ->> 'schema',
            spec ->> 'table')
        when 'notify' then format('select pg_notify(%L, %L);', spec -> 'after_load' ->> 'notify',
            (c.event - array['warnings', 'error'])::text)
        when 'sql' then format('set local statement_timeout = %s; set local lock_timeout = ''10s''; '
            'select set_config(''pagetide.event'', %L, true);%s', timeout_ms, c.event::text,
            (select string_agg(s || E'\n;', '' order by at) from jsonb_array_elements_text(
                case jsonb_typeof(spec -> 'after_load' -> 'sql') when 'array'
                    then spec -> 'after_load' -> 'sql'
                    else jsonb_build_array(spec -> 'after_load' -> 'sql') end)
                with ordinality as q (s, at)))
        end || format('select pagetide.end_chore(%s, %L)', c.id, c.owner)
    where c.kind <> 'webhook'
$$;

-- The chore that is due longest, for this process: of these streams, or of any (null). It has it for
-- its time and a minute more, and then it is due again. The definition is that of the run. Who asks
-- for some streams is in a hurry: their statistics are left for analyze_grown.
create or replace function pagetide.take_chore(by_owner text, of_streams text[])
returns table (id bigint, stream text, run bigint, kind text, statements text, spec jsonb,
    event text, timeout_ms bigint, started_us bigint, part jsonb)
language plpgsql
set search_path = pagetide, pg_temp
as $$
#variable_conflict use_column
declare
    taken chore;
begin
    update chore c set owner = by_owner, attempts = c.attempts + 1, due_at = clock() + ms(60000 + (
        select case c.kind when 'analyze' then 1800000 else chore_ms(d.spec -> 'after_load') end
        from run r join definition d on d.stream = r.stream and d.version = r.version
        where r.id = c.run))
    where c.id = (select o.id from chore o where o.due_at <= (select clock())
            and (of_streams is null or (o.stream = any (of_streams) and o.kind <> 'analyze'))
            and exists (select from run r where r.id = o.run)
        order by o.due_at, o.id limit 1 for update skip locked)
    returning c.* into taken;
    return query
        select taken.id, taken.stream, taken.run, taken.kind,
            chore_sql(taken, d.spec, chore_ms(d.spec -> 'after_load')), d.spec, taken.event::text,
            chore_ms(d.spec -> 'after_load'), (extract(epoch from coalesce(r.started_at, r.created_at))
                * 1000000)::bigint, '{}'::jsonb
        from run r join definition d on d.stream = r.stream and d.version = r.version
        where r.id = taken.run and taken.id is not null;
end
$$;

-- The statistics that these streams wait for, all in one statement: whoever sends it need not wait
-- for its end, for a server works on without its client.
create or replace function pagetide.analyze_grown(of_streams text[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    due record;
begin
    for due in
        select c.id, d.spec from chore c join run r on r.id = c.run
            join definition d on d.stream = r.stream and d.version = r.version
        where c.stream = any (of_streams) and c.kind = 'analyze' and c.due_at <= clock()
        order by c.id for update of c skip locked
    loop
        begin
            set local lock_timeout = '2s';
            execute format('analyze %I.%I', due.spec ->> 'schema', due.spec ->> 'table');
        exception when others then
            null; -- autovacuum comes to it
        end;
        delete from chore c where c.id = due.id;
    end loop;
end
$$;

-- A chore that failed comes again, after 10 s, 20 s … an hour; or it is given up after the eighth
-- time, or at once (`is_final`), and the run says so. Returns the seconds until it comes again;
-- null: given up. Statistics are only worth one try.
create or replace function pagetide.fail_chore(of_id bigint, by_owner text, why text,
    is_final boolean) returns int
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    failed chore;
    pause int;
begin
    select * into failed from chore c where c.id = of_id and c.owner = by_owner for update;
    if not found then
        return null;
    elsif not is_final and failed.attempts < 8 and failed.kind <> 'analyze' then
        pause := least(10 * 2 ^ (failed.attempts - 1), 3600);
        update chore c set owner = null, due_at = clock() + pause * interval '1 second'
        where c.id = of_id;
        return pause;
    end if;
    delete from chore c where c.id = of_id;
    if failed.kind <> 'analyze' then
        update run r set warnings = r.warnings || format('after_load: %s: %s%s', failed.kind, why,
            case when failed.attempts > 1 then format(' (the last of %s tries)', failed.attempts)
                else '' end)
        where r.id = failed.run;
    end if;
    return null;
end
$$;
