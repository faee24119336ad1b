-- What of a definition's `indexes` and `comment` its table has: a digest of what was applied last,
-- the comments that we wrote (any other is a user's own), and indexes that wait to be made.
alter table pagetide.target add column if not exists dressed text,
    add column if not exists comment text,
    add column if not exists indexes_due text[] not null default '{}';
alter table pagetide.field add column if not exists comment text;
