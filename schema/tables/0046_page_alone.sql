-- No foreign key to job: its check would cost more than the row. A page is written while its job is
-- locked, and housekeeping deletes jobs after their pages.
alter table pagetide.page drop constraint page_job_fkey;
