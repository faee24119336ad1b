-- The run that brought a field first, and when (functions/columns.sql, the view columns). Null: it
-- was there before this was kept.
alter table pagetide.field add column first_run bigint, add column first_seen timestamptz;
