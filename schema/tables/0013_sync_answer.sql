-- What sync_take() answers was called a claim, which is a lease of the queue. Processes of the
-- versions before read its attributes by their names and do not name the type.
alter type pagetide.sync_claim rename to sync_answer;
