-- Who hashed the keys of a job: its workers (worker/load/row_keys.c), or the server, where their
-- types have no normal form in the worker.
alter table pagetide.job_keys add column by_worker boolean not null default false;
