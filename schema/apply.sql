-- Makes the schema's functions, aggregates and views those of the setting pagetide.definitions:
-- the text of all files of schema/functions, one after another. Run inside the transaction of
-- `pagetide migrate`, under its lock.
--
-- Each definition is `create or replace`, so grants, and views that users made of ours, stay.
-- Where PostgreSQL refuses to replace (another result, another name of a parameter, another
-- kind, a view without one of its columns), the old one is dropped first. Where something of ours
-- depends on that, all our views and aggregates are dropped too, and everything is applied once
-- more. Nothing is ever dropped by cascade: what a user made of ours stops the migration.
--
--     1  remember grants, and the functions that exist
--     2  apply the definitions, again from the first where something had to be dropped
--     3  drop what the set applied before had and this one lacks
--     4  grant again what a dropped and made anew function or view had
do $apply$
declare
    head constant text := 'create or replace (function|aggregate|view) pagetide\.(\w+)';
    definitions constant text[] := regexp_split_to_array(
        current_setting('pagetide.definitions'), '\n(?=create or replace )');
    names text[] := array(select (regexp_match(d, '^' || head))[2]
        from unnest(definitions) d where d ~ ('^' || head));
    -- Version 9 and older did not note their names: these are the ones that have gone since.
    names_before text[] := coalesce(string_to_array((select m.value from pagetide.meta m
        where m.key = 'functions'), ' '),
        array['add_column', 'claim_table', 'holds_crashed', 'judge_claim', 'judge_marks', 'needs_again', 'put_request',
            'refused_claim']);
    oids_before oid[] := array(select p.oid from pg_proc p
        where p.pronamespace = 'pagetide'::regnamespace);
    grants_before jsonb;
    definition text;
    name text;
    is_refused boolean;
    given_up text[] := '{}'; -- names that were dropped once: a second refusal is an error
    drops text[];
    command text;
begin
    -- A body may call a function of a later file.
    perform set_config('check_function_bodies', 'off', true);
    perform set_config('search_path', 'pg_catalog', true);
    select jsonb_agg(to_jsonb(g)) into grants_before from (
        select 'table' as kind, c.oid::bigint, c.relname as name, a.grantee::bigint,
            a.privilege_type as privilege, a.is_grantable
        from pg_class c cross join lateral aclexplode(c.relacl) a
        where c.relnamespace = 'pagetide'::regnamespace and c.relkind = 'v'
        union all
        select 'function', p.oid::bigint, p.proname, a.grantee::bigint, a.privilege_type,
            a.is_grantable
        from pg_proc p cross join lateral aclexplode(p.proacl) a
        where p.pronamespace = 'pagetide'::regnamespace) g;

    loop
        is_refused := false;
        foreach definition in array definitions loop
            name := (regexp_match(definition, '^' || head))[2];
            continue when name is null; -- the comment at the top of the first file
            drops := '{}';
            begin
                execute definition;
                -- Other parameter types make a second function of the name: the first one goes.
                if (select count(*) > 1 from pg_proc p
                    where p.pronamespace = 'pagetide'::regnamespace and p.proname = name) then
                    drops := array(select format('drop routine %s', p.oid::regprocedure)
                        from pg_proc p where p.pronamespace = 'pagetide'::regnamespace
                            and p.proname = name and p.oid = any (oids_before));
                end if;
            exception when others then
                if sqlstate not in ('42P13', '42P16', '42809') or name = any (given_up) then
                    raise exception 'pagetide.%: %', name, sqlerrm using errcode = sqlstate;
                end if;
                given_up := given_up || name;
                is_refused := true;
                drops := array(
                    select format('drop routine %s', p.oid::regprocedure) from pg_proc p
                    where p.pronamespace = 'pagetide'::regnamespace and p.proname = name
                    union all
                    select format('drop view pagetide.%I', c.relname) from pg_class c
                    where c.relnamespace = 'pagetide'::regnamespace and c.relname = name
                        and c.relkind = 'v');
            end;
            foreach command in array drops loop
                begin
                    execute command;
                exception when dependent_objects_still_exist then
                    is_refused := true;
                    execute coalesce((select 'drop view '
                        || string_agg(format('pagetide.%I', c.relname), ', ')
                        from pg_class c where c.relnamespace = 'pagetide'::regnamespace
                            and c.relkind = 'v' and c.relname = any (names || names_before)), '');
                    execute coalesce((select 'drop aggregate '
                        || string_agg(p.oid::regprocedure::text, ', ')
                        from pg_proc p where p.pronamespace = 'pagetide'::regnamespace
                            and p.prokind = 'a' and p.proname = any (names || names_before)), '');
                    -- a view or an aggregate itself is gone by now
                    execute replace(replace(command, 'drop view ', 'drop view if exists '),
                        'drop routine ', 'drop routine if exists ');
                end;
            end loop;
            exit when is_refused;
        end loop;
        exit when not is_refused;
    end loop;

    for command in
        select format('drop view pagetide.%I', c.relname) from pg_class c
        where c.relnamespace = 'pagetide'::regnamespace and c.relkind = 'v'
            and c.relname = any (names_before) and c.relname <> all (names)
        union all
        (select format('drop routine %s', p.oid::regprocedure) from pg_proc p
        where p.pronamespace = 'pagetide'::regnamespace
            and p.proname = any (names_before) and p.proname <> all (names)
        order by p.prokind = 'a' desc) -- an aggregate before what it is made of
    loop
        execute command;
    end loop;

    for command in
        select format('revoke all on %s pagetide.%I from public', g.kind, g.name)
        from (select distinct x.kind, x.name, x.oid
            from jsonb_to_recordset(grants_before) as x (kind text, name text, oid bigint)) g
        where g.name = any (names)
            and not exists (select from pg_class c where c.oid = g.oid::oid and g.kind = 'table')
            and not exists (select from pg_proc p where p.oid = g.oid::oid and g.kind = 'function')
        union all
        select format('grant %s on %s pagetide.%I to %s%s', g.privilege, g.kind, g.name,
            case when g.grantee = 0 then 'public' else quote_ident(r.rolname) end,
            case when g.is_grantable then ' with grant option' else '' end)
        from jsonb_to_recordset(grants_before) as g (kind text, name text, oid bigint,
            grantee bigint, privilege text, is_grantable boolean)
        left join pg_roles r on r.oid = g.grantee::oid
        where g.name = any (names) and (g.grantee = 0 or r.oid is not null)
            and not exists (select from pg_class c where c.oid = g.oid::oid and g.kind = 'table')
            and not exists (select from pg_proc p where p.oid = g.oid::oid and g.kind = 'function')
    loop
        execute command;
    end loop;

    insert into pagetide.meta (key, value) values ('functions', array_to_string(names, ' '))
    on conflict (key) do update set value = excluded.value;
end
$apply$;
