-- The composite types that functions take and return. They are state, as tables are: a changed
-- one is a new file that says `alter type ... add attribute`, at the end, because processes of
-- the version before go on reading the attributes that they know.
--
-- Files 0002 to 0009 held functions and types together; a database may have been made by all of
-- them, or by some. So each type is made only where it is missing.

-- The oldest version of this schema whose processes may work on it; null: only this one.
alter table pagetide.migration add column if not exists serves int;

do $types$
begin
    -- What a page leaves beside its rows, and how a job's turn ends (worker/rows/mark.h).
    if to_regtype('pagetide.mark') is null then
        create type pagetide.mark as (
            n int, -- index in the batch, from 0
            job bigint,
            run bigint,
            epoch bigint,
            owner text,
            page int, -- 0: only an end
            checkpoint jsonb,
            request_hash text,
            records_hash text,
            status int,
            attempts int,
            records bigint,
            bytes bigint,
            rejects bigint,
            asides bigint,
            retries bigint,
            waited_ms bigint,
            fetched_at_ms bigint,
            pages_total int,
            bookmark_high text,
            warning text,
            paging text,
            aside_columns jsonb,
            "end" jsonb, -- null, or {state, reason, error, wait_ms, waiting_for, attempt,
                         -- told_waits}
            verdict text -- applied, skipped, refused
        );
    end if;

    -- The answer to activate().
    if to_regtype('pagetide.activation') is null then
        create type pagetide.activation as (
            verdict text, -- taken, gone, busy, waiting, crashed
            wait_ms bigint,
            other_worker text,
            other_host text,
            other_pid int,
            id bigint,
            run bigint,
            n int,
            stream text,
            version int,
            spec jsonb,
            part jsonb,
            mode text,
            window_from text,
            window_to text,
            bookmark text,
            started_us bigint,
            epoch bigint,
            owner text,
            checkpoint jsonb,
            page int,
            records bigint,
            rejects bigint, -- of the whole run
            attempt int,
            told_waits int,
            crashes int,
            elapsed_ms bigint -- since the job began for the first time
        );
    end if;

    -- A row that the merge refuses: its _pt_ord in the staging table, why, and its values as JSON.
    if to_regtype('pagetide.bad_row') is null then
        create type pagetide.bad_row as (ord bigint, reason text, record text);
    end if;

    -- The answer to sync_take().
    if to_regtype('pagetide.sync_claim') is null then
        create type pagetide.sync_claim as (
            verdict text, -- new, resumed, wait (ask again), busy (its worker beats)
            run bigint,
            other_worker text,
            other_host text,
            other_pid int,
            other_seen_at timestamptz,
            wait_ms bigint,
            cancelled_run bigint -- another definition, mode or window: ended to begin anew
        );
    end if;

    -- The answer to an order (functions/orders.sql).
    if to_regtype('pagetide.order_answer') is null then
        create type pagetide.order_answer as (
            refusal text, -- why nothing was done; null: done
            run bigint,
            stream text, -- null: there is no such run or stream
            state text, -- the run's state now
            jobs bigint -- of it, how many the order has changed
        );
    end if;
end
$types$;
