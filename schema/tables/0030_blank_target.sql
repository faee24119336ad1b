-- A table that a run without records has made, or that a reset has left: the first records decide
-- its columns as if it were not there (functions/columns.sql).
alter table pagetide.target add column is_blank boolean not null default false;
