#!/usr/bin/env bash
# PostgreSQL 16.2 (PyPI pgserver 0.1.4, a wheel that carries the server's programs).
#
# Setting: a queue in a table takes its next job by one statement, as manuals of such queues have it:
# DELETE … WHERE state = 'new' AND id IN (SELECT id … ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
# RETURNING id. There is one session; `id` is the primary key, and `state` has an index. Ten jobs are new, 1,000 are
# done, and the statistics are of the time before the ten came.
#
# A good guess: the subquery does not depend on the row outside, so it runs once, and gives one id. One
# job is taken, whatever the plan.
#
# Seen: all ten are deleted and returned. As few rows are expected to be new, the plan is a nested loop, and
# its inner side runs anew for each of them. LIMIT 1 holds for each run: FOR UPDATE passes over the row that this
# very statement has deleted, and locks the next one. The same with UPDATE. With `id = (SELECT …)`, or a CTE that
# is MATERIALIZED, it is one; and so it is without the index on `state`, where the plan is another one.
#
# Who takes jobs by LIMIT asks by =, or materializes the subquery. Counts of what came back are no proof.
set -euo pipefail

dir=$(mktemp -d)
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$dir/site" pgserver==0.1.4
bin=$(dirname "$(find "$dir/site" -type f -name initdb)")
as=()
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
    chown -R nobody "$dir"
    as=(setpriv --reuid=nobody --clear-groups)
fi
"${as[@]}" "$bin/initdb" -D "$dir/data" -U me -A trust >/dev/null
"${as[@]}" "$bin/pg_ctl" -w -D "$dir/data" -l "$dir/log" \
    -o "-c listen_addresses='' -c autovacuum=off -k $dir" start >/dev/null
sql() {
    "$bin/psql" -X -q -A -t -h "$dir" -U me -d postgres -v ON_ERROR_STOP=1 "$@"
}

next="select id from job where state = 'new' order by id limit 1 for update skip locked"

# take WORDS STATEMENT: what it returns, on a table that is made anew.
take() {
    sql -c 'drop table if exists job' 2>"$dir/notices"
    echo "$1: $(sql <<END | xargs
create table job (id int primary key, state text);
create index job_state on job (state);
insert into job select n, 'done' from generate_series(1, 1000) n;
analyze job;
insert into job select n, 'new' from generate_series(1001, 1010) n;
$2;
END
)"
}

{
    sql -c 'show server_version'
    take "DELETE, IN" "delete from job where state = 'new' and id in ($next) returning id"
    take "UPDATE, IN" "update job set state = 'run' where state = 'new' and id in ($next) returning id"
    take "DELETE, =" "delete from job where state = 'new' and id = ($next) returning id"
    take "DELETE, MATERIALIZED" "with one as materialized ($next)
        delete from job where state = 'new' and id in (select id from one) returning id"
    take "DELETE, IN, no index on state" "drop index job_state;
        delete from job where state = 'new' and id in ($next) returning id"
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
16.2
DELETE, IN: 1001 1002 1003 1004 1005 1006 1007 1008 1009 1010
UPDATE, IN: 1001 1002 1003 1004 1005 1006 1007 1008 1009 1010
DELETE, =: 1001
DELETE, MATERIALIZED: 1001
DELETE, IN, no index on state: 1001
END
echo "as seen"
