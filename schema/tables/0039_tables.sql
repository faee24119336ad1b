-- `tables` of a definition: more tables that are filled from the same answers (functions/tables.sql).
-- What their pages bring and what is rejected there is counted by table: {table: count}.
alter type pagetide.mark add attribute tables jsonb, add attribute table_rejects jsonb;
alter table pagetide.job add column tables jsonb not null default '{}',
    add column table_rejects jsonb not null default '{}';
alter table pagetide.reject add column of_table text;
