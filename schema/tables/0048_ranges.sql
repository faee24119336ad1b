-- The jobs that are to be made of the pages behind one, which share them (functions/ranges.sql).
alter type pagetide.mark add attribute ranges jsonb;
