-- The table that a run has begun to write: while it goes on no other one may take its name
-- (functions/columns.sql, hold_table).
alter table pagetide.target add column held_table oid, add column held_by bigint;
