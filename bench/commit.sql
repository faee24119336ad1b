-- See commit.sh. Its settings are psql's variables.
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

-- User and system time of this session's process, in ticks of 10 ms.
create function pg_temp.cpu_ms() returns bigint
language sql as $$
    select 10 * (part[12]::bigint + part[13]::bigint)
    from (select string_to_array(regexp_replace(pg_read_file('/proc/self/stat'), '^.*\) ', ''), ' ') as part) s
$$;

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
select pg_temp.cpu_ms() as before \gset
call pg_temp.commit_all(10, :rounds + 9);

select format('%s marks, %s hashes, ms a batch: CPU %s; least of the clock: reading the message %s, '
    'commit_batch %s', :marks, :marks * :per_page,
    round((pg_temp.cpu_ms() - :before)::numeric / :rounds, 2),
    round(min(read_ms)::numeric, 2), round(min(commit_ms)::numeric, 2)) from took;
