-- Processes that turn schedules into runs: without them nothing is due, and nothing else says so.
create table pagetide.scheduler (
    id text primary key,
    host text not null,
    pid int not null,
    version text not null,
    folder text not null,
    started_at timestamptz not null default pagetide.clock(),
    seen_at timestamptz not null default pagetide.clock()
);
