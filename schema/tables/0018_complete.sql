-- What proves that a job has read all there is (docs/complete.md): proved, told, assumed,
-- contradicted, and one sentence. Null: it has not ended so, or a process of a version before
-- ended it.
alter type pagetide.mark add attribute complete text, add attribute complete_why text;
alter table pagetide.job add column complete text, add column complete_why text;
alter table pagetide.run add column complete text, add column complete_why text;
