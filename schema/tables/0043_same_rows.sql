-- Of a run that replaces its table: the rows that the table has already as the run brings them, by
-- `_pt_hash` (functions/same.sql). One row for each batch, until the run is over.
create table pagetide.same_rows (
    run bigint not null, -- no reference: that would lock the run's row before its jobs
    hashes bigint[] not null
);
create index same_rows_run on pagetide.same_rows (run);

-- Hashes do not compress: they are not to be tried.
alter table pagetide.same_rows alter column hashes set storage external;
