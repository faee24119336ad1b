-- The control schema: what runs, how far it has come, and what it has left. Everything that must
-- survive a crash is here; Redis only says which process may take a job.

create schema if not exists pagetide;

create table pagetide.meta (
    key text primary key,
    value text not null
);

comment on table pagetide.meta is 'single values; clock_offset moves pagetide.clock() in tests';

-- The one source of time; here because columns default to it (functions/helpers.sql).
create function pagetide.clock() returns timestamptz
language sql volatile parallel safe
set search_path = pagetide, pg_temp
as $$
    select clock_timestamp() + coalesce(
        (select m.value::interval from pagetide.meta m where m.key = 'clock_offset'), interval '0')
$$;

create table pagetide.stream (
    name text primary key,
    version int not null,
    schedule text,
    every_ms bigint,
    timezone text not null default 'UTC',
    catch_up text not null default 'latest' check (catch_up in ('latest', 'all', 'none')),
    paused boolean not null default false,
    next_due timestamptz,
    removed_at timestamptz
);

create table pagetide.definition (
    stream text not null,
    version int not null,
    spec jsonb not null,
    at timestamptz not null default pagetide.clock(),
    primary key (stream, version)
);

-- Which stream a table belongs to, and the run that made it: while that run is not complete,
-- bigint columns may become numeric.
create table pagetide.target (
    schema_name text not null,
    table_name text not null,
    stream text not null,
    created_run bigint, -- null: the table was there and has been adopted
    at timestamptz not null default pagetide.clock(),
    primary key (schema_name, table_name)
);

-- Field → column, decided once. A declared column is here under its own name.
create table pagetide.field (
    stream text not null,
    field text not null,
    column_name text not null,
    type text not null,
    declared boolean not null default false,
    position bigint generated always as identity,
    primary key (stream, field),
    unique (stream, column_name)
);

create table pagetide.request (
    id text primary key,
    stream text not null,
    fields jsonb not null default '{}',
    mode text not null default 'incremental',
    window_from timestamptz,
    window_to timestamptz,
    scheduled_for timestamptz, -- a tick that met a running run
    priority smallint not null default 5 check (priority between 0 and 9),
    state text not null default 'pending' check (state in ('pending', 'skipped', 'refused',
        'started', 'succeeded', 'truncated', 'failed', 'cancelled', 'dead')),
    reason text,
    run bigint,
    told_state text, -- the last state written to Redis for whoever asked
    received_at timestamptz not null default pagetide.clock()
);

create index request_stream on pagetide.request (stream, state);
create index request_run on pagetide.request (run);
create index request_untold on pagetide.request (id) where told_state is distinct from state;

create table pagetide.run (
    id bigint generated always as identity primary key,
    stream text not null,
    version int not null,
    trigger text not null
        check (trigger in ('schedule', 'catch_up', 'reload', 'after', 'manual')),
    mode text not null check (mode in ('incremental', 'full', 'window')),
    window_from timestamptz,
    window_to timestamptz,
    scheduled_for timestamptz,
    request_id text unique,
    priority smallint not null default 5 check (priority between 0 and 9),
    state text not null default 'queued' check (state in ('queued', 'running', 'succeeded',
        'truncated', 'failed', 'cancelled', 'dead')),
    reason text,
    error text,
    warnings text[] not null default '{}',
    -- Sums over the jobs, written when the run ends; until then its jobs have them.
    pages bigint not null default 0,
    records bigint not null default 0,
    bytes bigint not null default 0,
    rejects bigint not null default 0,
    asides bigint not null default 0,
    retries bigint not null default 0,
    created_at timestamptz not null default pagetide.clock(),
    started_at timestamptz,
    finished_at timestamptz,
    unique (stream, scheduled_for)
);

create unique index run_active on pagetide.run (stream) where state in ('queued', 'running');
create index run_stream on pagetide.run (stream, id desc);

-- No foreign key to run: a job's second update in one transaction would lock the run's row for
-- its check, and two jobs that end at once would then wait for each other.
create table pagetide.job (
    id bigint generated always as identity primary key,
    run bigint not null,
    n int not null,
    part jsonb not null default '{}',
    state text not null default 'queued' check (state in ('queued', 'running', 'waiting',
        'succeeded', 'truncated', 'failed', 'cancelled', 'dead')),
    epoch bigint not null default 0,
    owner text,  -- null: no process has it; set with each activation, compared at each commit
    worker text, -- the process of the owner, or for which the job is reserved
    reserved boolean not null default false, -- `worker` keeps it while it is queued or waits
    checkpoint jsonb,
    page int not null default 0, -- the last committed page
    pages_total int,
    records bigint not null default 0,
    bytes bigint not null default 0,
    rejects bigint not null default 0,
    asides bigint not null default 0,
    aside_columns jsonb not null default '{}', -- {column: values aside}
    attempt int not null default 0,
    told_waits int not null default 0,
    retries bigint not null default 0,
    waited_ms bigint not null default 0,
    crashes int not null default 0,
    bookmark text, -- the value at the run's start, what every request of the job is made from
    bookmark_high text,
    bookmark_type text, -- how its values are compared; null: by what they look like
    paging text, -- what `auto` recognised
    warnings text[] not null default '{}',
    wait_until timestamptz,
    waiting_for text,
    enqueued_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    reason text,
    error text,
    unique (run, n)
);

create index job_open on pagetide.job (state)
    where state in ('queued', 'running', 'waiting');
create index job_withdrawn on pagetide.job (id)
    where state = 'cancelled' and enqueued_at is not null;
create index job_worker on pagetide.job (worker) where worker is not null;

-- The ledger: one row per committed page. The hashes are the loop guards' memory.
create table pagetide.page (
    job bigint not null references pagetide.job on delete cascade,
    number int not null,
    request_hash bigint not null,
    records_hash bigint not null,
    status int,
    attempts int not null default 1,
    records bigint not null default 0,
    bytes bigint not null default 0,
    fetched_at timestamptz,
    committed_at timestamptz not null default pagetide.clock(),
    primary key (job, number)
);

-- No foreign key to run: it would lock the run's row in every commit that rejects something.
create table pagetide.reject (
    id bigint generated always as identity primary key,
    run bigint not null,
    job bigint not null,
    page int not null,
    position bigint not null,
    reason text not null,
    record bytea,
    at timestamptz not null default pagetide.clock()
);

create index reject_run on pagetide.reject (run, id);

create table pagetide.bookmark (
    stream text not null,
    partition text not null default '',
    value text not null,
    run bigint,
    primary key (stream, partition)
);

create table pagetide.worker (
    id text primary key,
    host text not null,
    pid int not null,
    version text not null,
    started_at timestamptz not null default pagetide.clock(),
    seen_at timestamptz not null default pagetide.clock()
);
