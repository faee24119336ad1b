-- How often a failed run went on by itself: `retry_run` of its definition bounds it.
alter table pagetide.run add column if not exists reruns int not null default 0;
