-- A worker that is lost says nothing of the cause. So a job that lost one is handled with care: its
-- next worker writes down when it holds a page, and only losses after that count as crashes.
alter table pagetide.job add column if not exists losses int not null default 0;
alter table pagetide.job add column if not exists at_page boolean not null default false;
update pagetide.job set losses = crashes, crashes = 0 where crashes > 0 and state <> 'dead';
