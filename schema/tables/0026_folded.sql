-- How many records of a job had a key that came before in the same job (functions/folded.sql), and
-- what that is weighed against: the API's count of all records, and how much of it was read.
alter type pagetide.mark add attribute total bigint, add attribute reached bigint,
    add attribute folded bigint;
alter table pagetide.job add column folded bigint not null default 0;
alter table pagetide.run add column folded bigint not null default 0;

-- The hashes of the keys that a job has stored: one row for each commit, until the job ends.
create table pagetide.job_keys (
    job bigint not null references pagetide.job on delete cascade,
    page int not null, -- the last one of the commit
    keys bigint[] not null,
    primary key (job, page)
);

-- Hashes do not compress: they are not to be tried.
alter table pagetide.job_keys alter column keys set storage external;
