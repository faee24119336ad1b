-- What a page was asked for by, what decided behind it, and what was waited for it: for `explain`.
alter table pagetide.page add column asked text, add column why text, add column waited_ms bigint;
alter type pagetide.mark add attribute asked text, add attribute why text;
