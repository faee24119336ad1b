-- Which partition of its job a reject is of: the ledger, which knows it too, is cleared sooner. Of rejects
-- that are older than this column only the ledger knows it.
alter table pagetide.reject add column if not exists leg int;
