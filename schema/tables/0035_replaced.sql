-- What a run has done to its table as a whole: `write: replace` (functions/replace.sql).
alter table pagetide.run add column if not exists added bigint,
    add column if not exists changed bigint, add column if not exists deleted bigint;
