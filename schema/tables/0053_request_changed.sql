-- When a request's state changed last, in microseconds: of what several schedulers tell Redis of it the
-- newest stays there. Never the same twice, and never lower than before, whatever the clock does.
alter table pagetide.request add column if not exists changed_us bigint not null default 0;

-- What it does is in functions/reload.sql, which comes behind this.
create function pagetide.note_change() returns trigger
language plpgsql
as $$ begin return new; end $$;

create trigger request_changed before insert or update of state on pagetide.request
    for each row execute function pagetide.note_change();
