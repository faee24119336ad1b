-- After a data error in the merge: which rows of the staging table are to blame. The merge is
-- tried on halves of halves; what fits stays in, as it would in the real one, so that a row
-- that only clashes with another of the batch is found too. Everything is rolled back.
-- Needs clock (helpers), read_marks (commit), merge_sql, remove_unfinished (merge).

-- Whether an error is the data's own, so that other rows may fit: classes 22, 23, 54, and P0001.
-- 22P03 and 22P04 say that COPY and the table do not go together. Also in C: if you change this,
-- change sqlstate_kind (lib/port/sqlstate.c, ERR_INPUT) and tests/tables/rules/sqlstates.txt.
create or replace function pagetide.is_data_error(state text) returns boolean
language sql immutable
as $$
    select state = 'P0001'
        or left(state, 2) in ('22', '23', '54') and state not in ('22P03', '22P04')
$$;

-- Tries the rows first to last; those that fit stay in the table, the others are returned.
create or replace function pagetide.try_rows(target jsonb, numbers int[], runs bigint[],
    first bigint,
    last bigint) returns setof pagetide.bad_row
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    middle bigint := (first + last) / 2;
    said text;
    content text;
begin
    begin
        delete from pg_temp._pt_probe;
        execute format('insert into pg_temp._pt_probe select * from pg_temp.%I '
            'where _pt_ord between $1 and $2', target ->> 'stage') using first, last;
        execute merge_sql(target || '{"stage": "_pt_probe"}') using numbers, runs, clock();
        return;
    exception when others then
        if not is_data_error(sqlstate) then
            raise;
        end if;
        said := sqlerrm;
    end;
    if first < last then
        return query select * from try_rows(target, numbers, runs, first, middle);
        return query select * from try_rows(target, numbers, runs, middle + 1, last);
        return;
    end if;
    execute format('select to_jsonb(s) - ''_pt_hash'' - ''_pt_aside'' - ''_pt_mark'' - ''_pt_ord'' '
        'from pg_temp.%I s where _pt_ord = $1', target ->> 'stage') into content using first;
    return query select first, said, content;
end
$$;

-- `batch` is that of commit_batch, its staging table loaded.
create or replace function pagetide.find_bad_rows(batch jsonb) returns setof pagetide.bad_row
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    target jsonb := batch -> 'table';
    numbers int[];
    runs bigint[];
    last bigint;
    bad bad_row[];
begin
    select array_agg(m.n), array_agg(j.run) into numbers, runs
    from read_marks(batch) m join job j on j.id = m.job;
    execute format('select coalesce(max(_pt_ord), 0) from pg_temp.%I', target ->> 'stage')
        into last;
    begin
        execute format('create temp table _pt_probe on commit drop as '
            'select * from pg_temp.%I with no data', target ->> 'stage');
        perform remove_unfinished(target, r) from (select distinct unnest(runs) order by 1) d (r);
        bad := array(select t from try_rows(target, numbers, runs, 0, last) t);
        raise exception 'take it all back' using errcode = 'PT009';
    exception when sqlstate 'PT009' then
        null;
    end;
    return query select * from unnest(bad);
end
$$;
