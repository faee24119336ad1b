-- Which installation this is: two of them may not share the keys of one Redis.
insert into pagetide.meta (key, value)
values ('installation', pg_catalog.gen_random_uuid()::text)
on conflict (key) do nothing;
