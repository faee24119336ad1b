-- `after`: a stream that starts when others have succeeded.
-- Needs active_run, start_run (runs).

-- The streams that a definition is to run after.
create or replace function pagetide.after_names(spec jsonb) returns setof text
language sql immutable
as $$
    select jsonb_array_elements_text(case jsonb_typeof(spec -> 'after')
        when 'array' then spec -> 'after' when 'string' then jsonb_build_array(spec -> 'after')
        else '[]' end)
$$;

-- The circle that the stream would close with this definition, as "a after b after a", or null.
create or replace function pagetide.after_circle(of_stream text, of_spec jsonb) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    with recursive way as (
        select n as name, array[of_stream, n] as names from after_names(of_spec) n
        union all
        select n, w.names || n
        from way w join stream s on s.name = w.name and s.removed_at is null
        join definition d on d.stream = s.name and d.version = s.version
        cross join lateral after_names(d.spec) n
        where w.name <> of_stream and n <> all (w.names[2:]) and cardinality(w.names) < 100)
    select array_to_string(w.names, ' after ') from way w where w.name = of_stream
    order by cardinality(w.names) limit 1
$$;

-- Whether all of those have succeeded since the stream's own last start. A run over a window that
-- somebody asked for does not count, of neither: it says nothing of what came last.
create or replace function pagetide.is_after_due(of_stream text, spec jsonb) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select count(*) > 0 and bool_and(exists (select from run r where r.stream = n
        and r.state = 'succeeded' and r.mode <> 'window' and r.finished_at > coalesce(
            (select max(o.created_at) from run o where o.stream = of_stream and o.mode <> 'window'),
            '-infinity')))
    from after_names(spec) n
$$;

-- Starts the streams whose time has come by `after`. Two schedulers do not start one twice: the
-- second leaves a locked stream alone, and looks again under the lock.
create or replace function pagetide.start_after(most int) returns table (run bigint, stream text)
language plpgsql
set search_path = pagetide, pg_temp
as $$
#variable_conflict use_column
declare
    s record;
begin
    for s in
        select s.name, d.spec from stream s
        join definition d on d.stream = s.name and d.version = s.version
        where d.spec ? 'after' and s.removed_at is null and not s.paused
            and active_run(s.name) is null and is_after_due(s.name, d.spec)
        order by s.name limit most
    loop
        perform from stream t where t.name = s.name and not t.paused for no key update skip locked;
        continue when not found or not is_after_due(s.name, s.spec);
        run := start_run(s.name, 'after', 'incremental', null, null, null, null, 4);
        stream := s.name;
        if run is not null then
            return next;
        end if;
    end loop;
end
$$;
