-- Why sync_take() does not begin the run that is asked for.
alter type pagetide.sync_answer add attribute refusal text;
