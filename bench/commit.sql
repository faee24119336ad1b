-- What the end of a batch costs PostgreSQL: commit_batch of a batch of pages without rows to merge, as an
-- upsert of unchanged records leaves them, with the hashes of their keys: locks, verdicts, ledger,
-- checkpoint. Prints the milliseconds of the call, and of reading its message. psql's variables: marks,
-- per_page, rounds.
select pagetide.define('bench.records', '{"write": "upsert"}', null, 'UTC', null, true) \g /dev/null
select pagetide.start_run('bench.records', 'manual', 'incremental', null, null, null, null, 5) \g /dev/null
select pagetide.worker_seen('w', 'h', 1, 'v') \g /dev/null
select pagetide.activate(1, 'w', 'h', repeat('0', 32), 10000, true) \g /dev/null

create function pg_temp.message(first int, marks int, per_page int) returns text
language sql as $$
    select jsonb_build_object('worker', 'w', 'max_rejects', 1000, 'table', null, 'rejects', '[]'::jsonb,
        'keys', (select jsonb_agg(per_page) from generate_series(1, marks)),
        'marks', (select jsonb_agg(jsonb_build_object('n', i - first, 'job', 1, 'epoch', 1,
            'owner', repeat('0', 32), 'page', i, 'request_hash', (-9223372036854775808 + i)::text,
            'records_hash', '5132366617749365206', 'status', 200, 'attempts', 1, 'records', per_page,
            'bytes', 70887, 'fetched_at_ms', 1795943502997, 'checkpoint', jsonb_build_object('v', 1,
                'type', 'page', 'page', i::text, 'records', (i * per_page)::text, 'number', (i + 1)::text,
                'total', '100000', 'shape', 'list', 'next', '{"params": {"page": 9}, "headers": {}}'::jsonb),
            'pages_total', 100000)) from generate_series(first, first + marks - 1) i))::text
$$;
create temp table message as select i as n, pg_temp.message(1 + i * :marks, :marks, :per_page) as text,
    array(select (random() * 1e18)::bigint + i from generate_series(1, :marks * :per_page)) as hashes
from generate_series(0, :rounds + 9) i;
create temp table took (n int, read_ms float8, commit_ms float8);

-- Each round is a transaction, as a batch is.
create procedure pg_temp.commit_all(first int, last int)
language plpgsql as $$
declare
    message text;
    hashes bigint[];
    batch jsonb;
    began timestamptz;
    has_read timestamptz;
begin
    for i in first .. last loop
        select m.text || '', m.hashes || '{}' into message, hashes from message m where m.n = i;
        began := clock_timestamp();
        batch := message;
        has_read := clock_timestamp();
        perform pagetide.commit_batch(batch, hashes);
        insert into took select i, extract(epoch from has_read - began) * 1000,
            extract(epoch from clock_timestamp() - has_read) * 1000;
        commit;
    end loop;
end
$$;
call pg_temp.commit_all(0, 9);
truncate took;
call pg_temp.commit_all(10, :rounds + 9);

-- The least that the clock shows: other work on the machine disturbs it least.
select round(min(commit_ms)::numeric, 2) || ' ' || round(min(read_ms)::numeric, 2) from took;
