-- The hashes of keys are not worth their place in the WAL: a crash of PostgreSQL, or a failover, may
-- take them. `keyed` is logged, so that what is missing is noticed (functions/folded.sql).
alter table pagetide.job_keys set unlogged;
alter table pagetide.job add column if not exists keyed bigint not null default 0;
update pagetide.job j set keyed = k.count
from (select job, sum(cardinality(keys)) as count from pagetide.job_keys group by job) k
where k.job = j.id;
