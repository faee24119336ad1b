-- COPY straight into a stream's table, and what an upsert asks it first.
-- Needs clock (helpers), is_index_of (columns).

-- Whether each key is in the table at most once, and can be looked up.
create or replace function pagetide.has_key_index(relation regclass, key jsonb) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (select from pg_class c join pg_index i on i.indrelid = c.oid
        where c.oid = relation and (c.relkind = 'p' or not c.relhassubclass)
            and i.indisunique and i.indisvalid and i.indimmediate
            and pagetide.is_index_of(i, array(select a.attnum
                from jsonb_array_elements_text(key) k (name)
                join pg_attribute a on a.attrelid = relation and a.attname = k.name
                order by a.attnum)));
end
$$;

-- First statement of such a batch, after its table was locked: may the rows go in as they are? COPY
-- BINARY carries no types, so a column of another type would read the bytes as its own. PT010: no,
-- they go by a staging table. Gives the time for `_pt_at`, in microseconds since 2000-01-01 UTC.
--
-- `key` is there for an upsert: the index must refuse a row whose key is there already, and a table
-- with children has rows that its own index does not know.
create or replace function pagetide.start_direct(target jsonb) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    relation regclass := format('%I.%I', target ->> 'schema', target ->> 'name')::regclass;
begin
    if exists (select from pg_class c where c.oid = relation
            and (c.relkind not in ('r', 'p') or c.relrowsecurity or pagetide.may_drop_rows(relation)))
        or exists (
            select t.name, t.type from jsonb_to_recordset(target -> 'types') as t (name text, type text)
            union all
            values ('_pt_hash', 'bigint'), ('_pt_aside', 'jsonb'), ('_pt_run', 'bigint'),
                ('_pt_at', 'timestamp with time zone')
            except all
            select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a
            where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
                and a.attgenerated = '' and a.attname <> '_pt_deleted_at')
        or target ? 'key' and not pagetide.has_key_index(relation, target -> 'key') then
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

-- Another batch waits for the lock of a row that such a transaction has written. Where the client of
-- that one was stopped, or its machine is gone, nobody else would end it: so sessions of ours end
-- that write to the table and have done nothing for so long. Does nothing where our role may not.
create or replace function pagetide.end_stuck_writers(of_schema text, of_table text, idle_s int)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_terminate_backend(a.pid) from pg_stat_activity a
    where a.datname = current_database() and a.pid <> pg_backend_pid()
        and starts_with(a.application_name, 'pagetide ')
        and a.state_change < clock_timestamp() - idle_s * interval '1 second'
        and (starts_with(a.state, 'idle in transaction')
            or a.state = 'active' and a.wait_event = 'ClientRead')
        and exists (select from pg_locks l where l.pid = a.pid and l.granted
            and l.mode = 'RowExclusiveLock'
            and l.relation = to_regclass(format('%I.%I', of_schema, of_table)));
exception when insufficient_privilege then
    null;
end
$$;
