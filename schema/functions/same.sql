-- `write: replace` by the same records: what the table has already as the run brings it is not kept
-- once more (replace.sql), but noted by its `_pt_hash`, eight bytes a row. The hash is that of the
-- record with its key, so a row with a hash that was noted is a row that the run has seen.
--
-- The later record of a key counts: once a run has kept a row of it, all others of that key are kept
-- too, over it. What was noted before gives way to a kept row at the end.
-- Needs has_marks (merge), kept_name, kept_rows (replace).

-- What a row `t` of the stream's table is compared by when the worker asks for it, in SQL: null for a
-- row that is to be kept, even if it is the same. `of_job`: any of the run.
create or replace function pagetide.hash_to_probe(target jsonb, of_job bigint) returns text
language plpgsql stable
set search_path = pagetide, pg_temp
as $$
declare
    kept text := (select format('pagetide.%I', kept_name(j.run)) from job j
        where j.id = of_job and kept_rows(j.run) is not null);
    others text := concat_ws(' or ',
        case when has_marks(format('%I.%I', target ->> 'schema', target ->> 'name')::regclass)
            then 't._pt_deleted_at is not null' end,
        case when kept is not null then format('exists (select from %s k where %s)', kept,
            (select string_agg(format('k.%1$I = t.%1$I', c), ' and ')
                from jsonb_array_elements_text(target -> 'key') c)) end);
begin
    return case when others = '' then 't._pt_hash'
        else format('case when %s then null else t._pt_hash end', others) end;
end
$$;

-- Notes rows of a batch, before its message.
create or replace function pagetide.keep_same(of_job bigint, hashes bigint[]) returns void
language sql volatile
set search_path = pagetide, pg_temp
as $$
    insert into same_rows (run, hashes) select j.run, keep_same.hashes from job j where j.id = of_job
$$;

-- Whether the run has noted any.
create or replace function pagetide.has_same(of_run bigint) returns boolean
language sql stable
set search_path = pagetide, pg_temp
as $$
    select exists (select from same_rows s where s.run = of_run)
$$;

-- Those of the run, as a table of one column, `hash`.
create or replace function pagetide.same_sql(of_run bigint) returns text
language sql immutable
as $$
    select format('(select unnest(n.hashes) as hash from pagetide.same_rows n where n.run = %s)', of_run)
$$;

-- The condition for a row `t` that it is none of them.
create or replace function pagetide.not_same(of_run bigint) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select case when has_same(of_run) then format('not exists (select from %s s '
        'where s.hash = t._pt_hash)', same_sql(of_run)) else 'true' end
$$;
