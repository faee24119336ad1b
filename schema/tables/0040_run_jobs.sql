-- A run may have thousands of jobs, and each activation and each end of a job looks at its run: at
-- the jobs that are not over, and at those that have rejects.
create index if not exists job_open_run on pagetide.job (run)
    where state in ('queued', 'running', 'waiting');
create index if not exists job_rejected on pagetide.job (run)
    where rejects > 0 or table_rejects <> '{}';
