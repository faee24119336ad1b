-- What Redis refuses to a process although it answers; one row for each command or script.
create table pagetide.refusal (
    process text not null,
    what text not null,
    why text not null,
    count bigint not null,
    since timestamptz not null default pagetide.clock(),
    seen_at timestamptz not null default pagetide.clock(),
    primary key (process, what)
);
