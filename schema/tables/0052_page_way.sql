-- Which way to the table the batch of a page took (docs/architecture.md).
alter table pagetide.page add column if not exists way text;
alter type pagetide.mark add attribute way text;
