-- `deleted`: records that say they are gone. They come with the others, in the same batch, and have
-- no hash: `_pt_hash` of the staged row is null.
-- Needs clock (helpers), merge_columns, merge_stage (merge).

-- Of each key in the staging table the last row, where that says deleted; $1 indexes of the applied
-- marks. As the source of a statement: the key's columns, and the mark.
create or replace function pagetide.deleted_sql(target jsonb) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('(select * from (select distinct on (%1$s) %2$s, s._pt_mark, s._pt_hash '
        'from pg_temp.%3$I s where s._pt_mark = any ($1) order by %1$s, s._pt_ord desc) l '
        'where l._pt_hash is null) l', string_agg(c.value, ', ' order by c.at),
        string_agg(format('%s as %I', c.value, c.name), ', ' order by c.at), target ->> 'stage')
    from merge_columns(target) c where c.is_key
$$;

-- What becomes of those rows in the table: they go, or are marked.
create or replace function pagetide.delete_sql(target jsonb) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format(case when target ->> 'deletes' = 'soft'
            then 'update %1$I.%2$I t set _pt_deleted_at = pagetide.clock() from %3$s '
                'where t._pt_deleted_at is null and %4$s returning l._pt_mark'
            else 'delete from %1$I.%2$I t using %3$s where %4$s returning l._pt_mark' end,
        target ->> 'schema', target ->> 'name', deleted_sql(target),
        string_agg(format('t.%1$I = l.%1$I', c.name), ' and ' order by c.at))
    from merge_columns(target) c where c.is_key
$$;

-- What came before that of the same keys, in the same batch: the last row that has a hash. Not where
-- the row of the key is marked and the same.
create or replace function pagetide.before_sql(target jsonb) returns text
language sql stable
set search_path = pagetide, pg_temp
as $$
    select format('select s.* from pg_temp.%1$I s where s.ctid in (select w.place from ('
        'select s.ctid as place, s._pt_ord, max(s._pt_ord) filter (where s._pt_hash is not null) '
            'over (partition by %2$s) as held, max(s._pt_ord) over (partition by %2$s) as last '
        'from pg_temp.%1$I s where s._pt_mark = any ($1)) w where w._pt_ord = w.held and w.held < w.last) '
        'and not exists (select from %3$I.%4$I t where %5$s and t._pt_deleted_at is not null '
            'and t._pt_hash = s._pt_hash)', target ->> 'stage', string_agg(c.value, ', ' order by c.at),
        target ->> 'schema', target ->> 'name',
        string_agg(format('t.%I = %s', c.name, c.value), ' and ' order by c.at))
    from merge_columns(target) c where c.is_key
$$;

-- A row that is marked keeps its values: also those that came in the same batch.
create or replace function pagetide.merge_before(target jsonb, numbers int[], runs bigint[])
returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    if target ->> 'deletes' is distinct from 'soft' then
        return;
    end if;
    if to_regclass('pg_temp._pt_before') is not null then
        drop table pg_temp._pt_before;
    end if;
    execute format('create temp table _pt_before on commit drop as select * from pg_temp.%I with no data',
        target ->> 'stage');
    execute format('insert into pg_temp._pt_before %s', before_sql(target)) using numbers;
    perform merge_stage(target || '{"stage": "_pt_before"}', numbers, runs);
end
$$;

-- Takes out of the staging table what says deleted, and what came before that of the same key: the
-- rest is merged.
create or replace function pagetide.drop_deleted(target jsonb, numbers int[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    execute (select format('delete from pg_temp.%1$I where ctid in (select w.place from ('
            'select s.ctid as place, s._pt_hash is null or s._pt_ord < max(s._pt_ord) '
                'filter (where s._pt_hash is null) over (partition by %2$s) as is_over '
            'from pg_temp.%1$I s where s._pt_mark = any ($1)) w where w.is_over)',
            target ->> 'stage', string_agg(c.value, ', ' order by c.at))
        from merge_columns(target) c where c.is_key) using numbers;
end
$$;

-- Before the merge of an upsert (history has its own way) whose definition has `deleted`: the rows of those keys go, and are
-- counted with the jobs.
create or replace function pagetide.delete_rows(target jsonb, marks pagetide.mark[]) returns void
language plpgsql
set search_path = pagetide, pg_temp
as $$
declare
    numbers int[] := array(select m.n from unnest(marks) m where m.verdict = 'applied' and m.page > 0);
    has_any boolean;
begin
    if not target ? 'deletes' or target ->> 'write' = 'history' then
        return;
    end if;
    update job j set deleted = coalesce(j.deleted, 0) where j.deleted is null
        and j.id in (select m.job from unnest(marks) m where m.verdict = 'applied');
    execute format('select exists (select from pg_temp.%I where _pt_hash is null)', target ->> 'stage')
        into has_any;
    if not has_any then
        return;
    end if;
    perform merge_before(target, numbers, array(select m.run from unnest(marks) m
        where m.verdict = 'applied' and m.page > 0));
    execute format('with gone as (%s) update pagetide.job j set deleted = j.deleted + g.count '
        'from (select m.job, count(*) from gone join unnest($1, $2) as m (n, job) '
            'on m.n = gone._pt_mark group by m.job) g where j.id = g.job', delete_sql(target))
        using numbers, array(select m.job from unnest(marks) m
            where m.verdict = 'applied' and m.page > 0);
    perform drop_deleted(target, numbers);
end
$$;
