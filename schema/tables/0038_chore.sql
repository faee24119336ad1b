-- What is to be done after a run has ended: `after_load` of its definition, and statistics of a table
-- that has grown. A row goes when it is done, or given up.
create table if not exists pagetide.chore (
    id bigint generated always as identity primary key,
    stream text not null,
    run bigint not null,
    kind text not null check (kind in ('analyze', 'sql', 'notify', 'webhook')),
    event jsonb not null, -- what of the run it is told
    attempts int not null default 0,
    due_at timestamptz not null default pagetide.clock(),
    owner text, -- the process that does it, until due_at; null: none
    at timestamptz not null default pagetide.clock()
);

create index if not exists chore_due on pagetide.chore (due_at);
create unique index if not exists chore_analyze on pagetide.chore (stream) where kind = 'analyze';
