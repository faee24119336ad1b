-- What people read. A view's columns are a contract: new ones go to the end, none goes away.
-- Needs clock (helpers), run_tables, own_name, owner_spec (tables), run_misfits (misfits), aside_text
-- (widen).

-- One row per job of each run that is not over, and of each stream's latest run.
create or replace view pagetide.progress as
select r.stream, r.id as run, r.id || '/' || j.n as job, j.state, j.page, j.pages_total, j.records,
    round(j.records / nullif(s.seconds, 0), 1) as records_per_s,
    case when j.state = 'running' and j.page > 0 and j.pages_total > j.page
        then make_interval(secs => (j.pages_total - j.page) * s.seconds / j.page) end as eta,
    j.waiting_for, j.wait_until, j.error, j.worker, j.rejects, j.asides, j.retries, j.complete,
    j.complete_why, j.folded
from pagetide.run r
join pagetide.job j on j.run = r.id
cross join lateral (select extract(epoch from
    coalesce(j.finished_at, pagetide.clock()) - j.started_at) as seconds) s
where r.state in ('queued', 'running')
    or r.id = (select max(l.id) from pagetide.run l where l.stream = r.stream)
order by r.stream, r.id, j.n;

-- One row per run, newest first. A run that is not over shows the sums of its jobs so far.
create or replace view pagetide.history as
select r.stream, r.id as run, r.trigger, r.mode, r.state, r.reason, r.error,
    coalesce(j.pages, r.pages) as pages, coalesce(j.records, r.records) as records,
    coalesce(j.bytes, r.bytes) as bytes, coalesce(j.rejects, r.rejects) as rejects,
    coalesce(j.asides, r.asides) as asides, coalesce(j.retries, r.retries) as retries,
    r.warnings, r.created_at, r.started_at, r.finished_at,
    extract(epoch from coalesce(r.finished_at, pagetide.clock()) - r.started_at)::numeric(12, 3)
        as seconds,
    r.scheduled_for, r.request_id, r.version, r.complete, r.complete_why,
    coalesce(j.folded, r.folded) as folded, r.added, r.changed, r.deleted,
    (select jsonb_object_agg(t.name, t.records) from pagetide.run_tables(r.id) t) as tables
from pagetide.run r
left join lateral (
    select sum(o.page) as pages, sum(o.records)::bigint as records, sum(o.bytes)::bigint as bytes,
        sum(o.rejects)::bigint as rejects, sum(o.asides)::bigint as asides,
        sum(o.retries)::bigint as retries, sum(o.folded)::bigint as folded
    from pagetide.job o
    where o.run = r.id and r.state in ('queued', 'running')) j on true
order by r.id desc;

-- One row per stream. `lag`: how far the data is behind, in time since the start of the last
-- run that succeeded. `complete`: what proves that the last run has read all.
create or replace view pagetide.health as
select s.name as stream, good.finished_at as last_success, last.state as last_state,
    last.reason as last_reason, last.error as last_error, s.next_due,
    pagetide.clock() - good.started_at as lag,
    coalesce(last.rejects, 0) as rejects, coalesce(last.asides, 0) as asides,
    aside.columns as misfitting_columns, s.paused, last.complete, last.complete_why,
    coalesce(aside.counts, '{}') as misfits, coalesce(last.folded, 0) as folded
from pagetide.stream s
left join lateral (select h.* from pagetide.history h
    where h.stream = s.name order by h.run desc limit 1) last on true
left join lateral (select r.started_at, r.finished_at from pagetide.run r
    where r.stream = s.name and r.state = 'succeeded' order by r.id desc limit 1) good on true
left join lateral (
    select array_agg(m.name order by m.name) as columns,
        jsonb_object_agg(m.name, m.count) as counts
    from pagetide.run_misfits(last.run) m) aside on true
where s.removed_at is null
order by s.name;

-- One row per column of each table that a stream fills, and per field without a column that had
-- values. It reads our tables with the rights of its owner, and calls no function that reads any:
-- whoever may read the view needs no other right.
create or replace view pagetide.columns as
with spec as (
    select distinct on (d.stream) d.stream, d.spec
    from pagetide.definition d order by d.stream, d.version desc),
misfit as (
    select r.stream, c.key as name, sum(c.value::bigint)::bigint as count, max(r.id) as run,
        max(coalesce(r.finished_at, r.started_at)) as at
    from pagetide.job j
    join pagetide.run r on r.id = j.run
    cross join lateral jsonb_each_text(j.aside_columns) c
    where j.aside_columns <> '{}'
    group by r.stream, c.key),
target as (
    select t.*, split_part(t.stream, '/', 1) as of_stream, s.spec,
        to_regclass(format('%I.%I', t.schema_name, t.table_name)) as relation
    from pagetide.target t left join spec s on s.stream = split_part(t.stream, '/', 1)),
own as (
    select t.stream as owner, pagetide.own_name(t.stream, t.spec, m.name) as name, m.count, m.run, m.at
    from target t join misfit m on m.stream = t.of_stream),
declared as (
    select t.stream as owner, c.value ->> 0 as name, coalesce(c.value -> 1 ->> 'path', c.value ->> 0)
        as path
    from target t
    cross join lateral (select pagetide.owner_spec(t.stream, t.spec) -> 'columns' as list) l
    cross join lateral jsonb_array_elements(case jsonb_typeof(l.list) when 'array' then l.list
        else '[]' end) c)
select t.of_stream as stream, t.schema_name as table_schema, t.table_name, f.column_name,
    coalesce(d.path, f.field) as field, format_type(a.atttypid, a.atttypmod) as type,
    case when d.name is not null then 'declared' when f.declared then 'set by hand'
        when t.created_run is null then 'adopted' else 'inferred' end as origin,
    f.first_run, f.first_seen, coalesce(o.count, 0) as misfits, o.run as last_misfit_run,
    o.at as last_misfit
from target t
join pagetide.field f on f.stream = t.stream
left join pg_catalog.pg_attribute a on a.attrelid = t.relation and a.attname = f.column_name
    and a.attnum > 0 and not a.attisdropped
left join declared d on d.owner = t.stream and d.name = f.field
left join own o on o.owner = t.stream and o.name = f.column_name
union all
select t.of_stream, t.schema_name, t.table_name, null, o.name, null, null, null, null, o.count, o.run,
    o.at
from target t
join own o on o.owner = t.stream and o.name is not null
where not exists (select from pagetide.field f
    where f.stream = t.stream and f.column_name = o.name);

-- Bytes of a record as text; null where they are none.
create or replace function pagetide.record_text(record bytea) returns text
language plpgsql immutable
set search_path = pagetide, pg_temp
as $$
begin
    return convert_from(record, 'UTF8');
exception when others then
    return null;
end
$$;

-- A text as JSON; null where it is none.
create or replace function pagetide.record_json(record text) returns jsonb
language plpgsql immutable
set search_path = pagetide, pg_temp
as $$
begin
    return record::jsonb;
exception when others then
    return null;
end
$$;

-- The records that could not be stored, of the tables that the caller may read, whole: a policy for
-- rows cannot be asked of a record that is no row. All of them for whoever may read pagetide.reject
-- itself. In a view the current user is the caller. The bytes are those that were sent, so they are not
-- shown to others where parts of them are kept out of the table, or go into a table that they may not read.
create or replace view pagetide.rejected with (security_barrier) as
select r.id, n.stream, n.id as run, t.schema_name as table_schema, t.table_name, r.page, r.position,
    r.reason, s.record, pagetide.record_json(s.record) as record_json, r.at
from pagetide.reject r
join pagetide.run n on n.id = r.run
left join pagetide.definition d on d.stream = n.stream and d.version = n.version
left join pagetide.target t on t.stream = n.stream || coalesce('/' || r.of_table, '')
cross join lateral (select case when t.stream is not null
    then to_regclass(format('%I.%I', t.schema_name, t.table_name)) end as relation) c
cross join lateral (select case when has_table_privilege('pagetide.reject', 'select')
    or not jsonb_path_exists(d.spec, '$.**.exclude') and not exists (
        select from pagetide.target o
        where (o.stream = n.stream or starts_with(o.stream, n.stream || '/'))
            and not has_table_privilege(to_regclass(format('%I.%I', o.schema_name, o.table_name)), 'select'))
    then pagetide.record_text(r.record) end as record) s
where has_table_privilege('pagetide.reject', 'select') or coalesce(has_table_privilege(
    c.relation, 'select') and not row_security_active(c.relation), false);

-- The values of a stream that did not fit their column: of each its column, the value as text, and
-- the row that it belongs to. Tables are read with the rights of the caller. A row has a name that
-- no column of a table has: `to_jsonb(t)` would be a column t.
create or replace function pagetide.aside(of_stream text)
returns table (table_schema text, table_name text, column_name text, value text, run bigint,
    at timestamptz, record jsonb)
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    place record;
begin
    if not exists (select from columns c where c.stream = of_stream) then
        raise exception 'pagetide.columns has no stream "%"', of_stream using errcode = 'PT002';
    end if;
    for place in select distinct c.table_schema, c.table_name from columns c
        where c.stream = of_stream and c.type is not null order by 1, 2
    loop
        return query execute format('select %1$L::text, %2$L::text, e.key, '
            'coalesce(pagetide.aside_text(e.value), e.value), _pt_row._pt_run, _pt_row._pt_at, '
            'to_jsonb(_pt_row) - ''_pt_aside'' - ''_pt_hash'' from %1$I.%2$I _pt_row '
            'cross join lateral jsonb_each_text(_pt_row._pt_aside) e '
            'where _pt_row._pt_aside is not null',
            place.table_schema, place.table_name);
    end loop;
end
$$;
