-- No foreign key to job: its check would cost more than the row. A page is written while its job is
-- locked, and housekeeping deletes jobs after their pages. A commit locks its job first, then the ledger.
lock table pagetide.job, pagetide.page in access exclusive mode;
alter table pagetide.page drop constraint page_job_fkey;
