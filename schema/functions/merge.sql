-- From a batch's staging table to the stream's table.
-- Needs clock (helpers).

-- The columns a batch brings, with the types they have in the table now. Values are cast to
-- the bare type: what a length or precision cuts is then an error, not a silent loss.
create or replace function pagetide.merge_columns(target jsonb)
returns table (name text, type text, is_key boolean, at bigint)
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    relation regclass := format('%I.%I', target ->> 'schema', target ->> 'name')::regclass;
    missing text;
begin
    select c.name into missing from jsonb_array_elements_text(target -> 'columns') as c (name)
    where not exists (select from pg_attribute a where a.attrelid = relation
        and a.attname = c.name and a.attnum > 0 and not a.attisdropped) limit 1;
    if found then
        raise exception 'column % of % is gone', missing, relation using errcode = '42703';
    end if;
    return query
        select c.name, format_type(a.atttypid, -1),
            coalesce(target -> 'key' ? c.name, false), c.at
        from jsonb_array_elements_text(target -> 'columns') with ordinality as c (name, at)
        join pg_attribute a on a.attrelid = relation and a.attname = c.name;
end
$$;

-- $1 indexes of the applied marks, $2 their runs, $3 the time.
create or replace function pagetide.merge_sql(target jsonb) returns text
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    own constant text := '_pt_run, _pt_at, _pt_hash, _pt_aside';
    upsert boolean := target ->> 'write' = 'upsert';
    names text;
    vals text;
    keys text;
    key_vals text;
    sets text;
begin
    select string_agg(format('%I, ', c.name), '' order by c.at),
        string_agg(format('s.%I::%s, ', c.name, c.type), '' order by c.at),
        string_agg(format('%I', c.name), ', ' order by c.at) filter (where c.is_key),
        string_agg(format('s.%I::%s, ', c.name, c.type), '' order by c.at) filter (where c.is_key),
        string_agg(format('%1$I = excluded.%1$I, ', c.name), '' order by c.at)
            filter (where not c.is_key)
    into names, vals, keys, key_vals, sets
    from merge_columns(target) c;
    if upsert and keys is null then
        raise exception 'upsert without a key' using errcode = 'PT004';
    end if;

    return format('insert into %I.%I as t (%s%s) select ',
            target ->> 'schema', target ->> 'name', names, own)
        || case when upsert then format('distinct on (%s) ', rtrim(key_vals, ', ')) else '' end
        || coalesce(vals, '') || 'm.run, $3, s._pt_hash, nullif(s._pt_aside, '''')::jsonb'
        || format(' from pg_temp.%I s', target ->> 'stage')
        || ' join unnest($1, $2) as m (n, run) on m.n = s._pt_mark'
        || case when upsert then format(
            ' order by %1$ss._pt_ord desc on conflict (%2$s) do update set %3$s'
            '_pt_run = excluded._pt_run, _pt_at = excluded._pt_at, _pt_hash = excluded._pt_hash, '
            '_pt_aside = excluded._pt_aside where t._pt_hash is distinct from excluded._pt_hash',
            key_vals, keys, sets)
        else ' order by s._pt_ord' end;
end
$$;

-- Merges the rows of the applied marks; nothing where the batch has no table.
create or replace function pagetide.merge_rows(target jsonb, marks pagetide.mark[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    numbers int[];
    runs bigint[];
begin
    select array_agg(m.n), array_agg(m.run) into numbers, runs
    from unnest(marks) m where m.verdict = 'applied' and m.page > 0;
    if jsonb_typeof(target) = 'object' and numbers is not null then
        execute merge_sql(target) using numbers, runs, clock();
    end if;
end
$$;
