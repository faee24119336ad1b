-- What only this installation knows, and Redis does not: the key of hashes that stand there.
insert into pagetide.meta (key, value)
values ('secret', pg_catalog.gen_random_uuid()::text || pg_catalog.gen_random_uuid()::text)
on conflict (key) do nothing;
