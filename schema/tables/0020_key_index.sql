-- The index of a key was known by its name alone; now by a comment (functions/columns.sql).
do $$
declare
    made record;
begin
    for made in select t.schema_name, c.relname
        from pagetide.target t
        join pg_catalog.pg_namespace s on s.nspname = t.schema_name
        join pg_catalog.pg_class r on r.relnamespace = s.oid and r.relname = t.table_name
        join pg_catalog.pg_index i on i.indrelid = r.oid and i.indisunique
        join pg_catalog.pg_class c on c.oid = i.indexrelid
            and c.relname = pg_catalog."left"(t.table_name, 55) || '_pt_key'
    loop
        execute pg_catalog.format('comment on index %I.%I is %L', made.schema_name, made.relname,
            'key of pagetide');
    end loop;
end
$$;
