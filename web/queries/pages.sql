-- The pages of a job, as the ledger has them.
-- $1 run; $2 job; $3 behind this page; $4 how many
select json_build_object('pages', (select coalesce(json_agg(json_build_object('page', p.number,
    'status', p.status, 'attempts', p.attempts, 'records', p.records, 'bytes', p.bytes,
    'fetched_at', p.fetched_at, 'committed_at', p.committed_at, 'asked', p.asked, 'why', p.why,
    'waited_seconds', round(p.waited_ms / 1000.0, 1)) order by p.number), '[]')
    from (select * from pagetide.page o where o.job = j.id and o.number > $3::int
        order by o.number limit $4::int) p),
    'page', j.page)::text
from pagetide.job j where j.run = $1::bigint and j.n = $2::int
