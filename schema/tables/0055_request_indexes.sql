-- Requests come by the hundred thousand, so their indexes have only what is looked for by them: of a run those
-- that have one; of those whose outcome is still to be told, the oldest first.
drop index pagetide.request_run;
drop index pagetide.request_untold;
create index request_run on pagetide.request (run) where run is not null;
create index request_untold on pagetide.request (received_at, id)
    where told_state is distinct from state and scheduled_for is null;
