-- What `partition_by` of a definition wants, and its table lacks: periods whose rows are in the default
-- partition, and why; and up to when partitions were made ahead (UTC).
alter table pagetide.target add column if not exists partitions_due text[] not null default '{}',
    add column if not exists partitions_why text,
    add column if not exists partitions_until timestamp;
