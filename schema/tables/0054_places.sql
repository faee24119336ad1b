-- Places that a definition names in records, and at which a run found something
-- (functions/places.sql). What earlier runs of the version now in force found is not known.
alter type pagetide.mark add attribute places jsonb, add attribute dropped bigint;
alter table pagetide.job add column places jsonb not null default '{}',
    add column dropped bigint not null default 0;
alter table pagetide.stream add column places text[] not null default '{}';
update pagetide.stream set places = array['version ' || version] where version is not null;
