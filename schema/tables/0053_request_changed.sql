-- When a request's state changed last, in microseconds: of what several schedulers tell Redis of it the
-- newest stays there. Never the same twice, and never lower than before, whatever the clock does.
alter table pagetide.request add column if not exists changed_us bigint not null default 0;

create or replace function pagetide.note_change() returns trigger
language plpgsql
set search_path = pagetide, pg_temp
as $$
begin
    new.changed_us := greatest((extract(epoch from clock()) * 1000000)::bigint,
        case when tg_op = 'UPDATE' then old.changed_us + 1 else 0 end);
    return new;
end
$$;

create trigger request_changed before insert or update of state on pagetide.request
    for each row execute function pagetide.note_change();
