-- What a run has done to its table as a whole: `write: replace` (functions/replace.sql), and the rows
-- whose records were `deleted` (functions/deletes.sql); null: it is not counted.
alter table pagetide.run add column if not exists added bigint,
    add column if not exists changed bigint, add column if not exists deleted bigint;
alter table pagetide.job add column if not exists deleted bigint;
