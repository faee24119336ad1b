-- A mark without a page says which page of its job was marked before it: an end or a checkpoint must not
-- be applied where PostgreSQL has lost that page again.
alter type pagetide.mark add attribute after int;
