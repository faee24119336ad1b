-- COPY straight into a stream's table, where no row can meet another of the same key.
-- Needs clock (helpers).

-- First statement of such a batch, after its table was locked: may the rows go in as they are? COPY
-- BINARY carries no types, so a column of another type would read the bytes as its own. PT010: no,
-- they go by a staging table. Gives the time for `_pt_at`, in microseconds since 2000-01-01 UTC.
create or replace function pagetide.start_direct(target jsonb) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    relation regclass := format('%I.%I', target ->> 'schema', target ->> 'name')::regclass;
begin
    if exists (select from pg_class c where c.oid = relation
            and (c.relkind not in ('r', 'p') or c.relhasrules or c.relrowsecurity))
        or exists (
            select t.name, t.type from jsonb_to_recordset(target -> 'types') as t (name text, type text)
            union all
            values ('_pt_hash', 'bigint'), ('_pt_aside', 'jsonb'), ('_pt_run', 'bigint'),
                ('_pt_at', 'timestamp with time zone')
            except all
            select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a
            where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
                and a.attgenerated = '') then
        raise exception 'the table is not as the batch was cut for' using errcode = 'PT010';
    end if;
    return (extract(epoch from pagetide.clock()) * 1000000)::bigint - 946684800000000;
end
$$;

-- The rows are in the table already: all of them are to stay, or none.
create or replace function pagetide.check_direct(marks pagetide.mark[]) returns void
language plpgsql immutable
set search_path = pagetide, pg_temp
as $$
begin
    if exists (select from unnest(marks) m where m.page > 0 and m.verdict <> 'applied') then
        raise exception 'a page of the batch is not to be stored' using errcode = 'PT010';
    end if;
end
$$;
