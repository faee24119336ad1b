-- PostgreSQL refuses, too.
alter table pagetide.refusal add by_whom text not null default 'Redis';
