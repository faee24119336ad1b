#!/usr/bin/env bash
# What an upsert costs beside `psql \copy` of the same records: bench/upsert.sh build/release
#
# 1,000 pages of 100 records from the mock API, as jsonb (`columns: none`) and in typed columns:
# a first load, the same again, and again with one record in a hundred changed. J and T are \copy
# into (bigint primary key, jsonb) and into the typed columns with a primary key. Medians of the
# rounds, in CPU seconds of the client (the whole command) and of PostgreSQL (all its processes),
# which other work on the machine disturbs less than the clock; and the WAL. The mock's own time is
# in the wall time alone. Private servers, under build/bench; PostgreSQL has fsync on.
# PAGES=1000 PER_PAGE=100 RECORD_BYTES=600 ROUNDS=5 in the environment change the size.
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

pages=${PAGES:-1000}
per_page=${PER_PAGE:-100}
record_bytes=${RECORD_BYTES:-600}
rounds=${ROUNDS:-5}
rows=$((pages * per_page))

# Clock ticks that PostgreSQL has used: the postmaster with its children that are gone, and those
# that are there. A backend that is about to end must not fall between the two.
server_ticks() {
    until [ "$(sql -c "select count(*) from pg_stat_activity where backend_type = 'client backend'")" = 1 ]; do
        sleep 0.01
    done
    until ! pgrep -P "$PG_PID" -f '127\.0\.0\.1' >/dev/null; do
        sleep 0.01
    done
    cat "/proc/$PG_PID/stat" >"$dir/stats"
    for child in $(pgrep -P "$PG_PID"); do
        cat "/proc/$child/stat" >>"$dir/stats"
    done
    sed 's/^.*) //' "$dir/stats" | awk '{
        ticks += $12 + $13
        if (NR == 1) ticks += $14 + $15
    } END { printf "%d\n", ticks }'
}

# One line into the file of the case: wall s, client CPU s, server CPU s, WAL bytes.
measure() {
    local name=$1 began=$EPOCHREALTIME ticks lsn client ended
    shift
    ticks=$(server_ticks)
    lsn=$(sql -c "select pg_current_wal_lsn()")
    began=$EPOCHREALTIME
    TIMEFORMAT='%U %S'
    client=$({ time "$@" >"$dir/out" 2>"$dir/err"; } 2>&1) || {
        cat "$dir/out" "$dir/err" >&2
        return 1
    }
    ended=$EPOCHREALTIME
    echo "$began $ended $client $ticks $(server_ticks) $(getconf CLK_TCK)" \
        "$(sql -c "select pg_current_wal_lsn() - '$lsn'")" |
        awk '{ print $2 - $1, $3 + $4, ($6 - $5) / $7, $8 }' >>"$dir/$name"
}

sync() {
    sql -c checkpoint
    measure "$1" "$build/pagetide" sync "bench.$2" -c "$dir" --log-level error
}

copy() {
    sql -c "drop table if exists bench.copied" \
        -c "create table bench.copied (like bench.model_$2 including all)" -c checkpoint
    measure "$1" psql -X -q -v ON_ERROR_STOP=1 -c "\\copy bench.copied from '$dir/$2.txt'"
}

# Everything but the columns that tell of the run.
sum_of() {
    sql -c "select count(*) || ' ' || sum(hashtextextended(
        (to_jsonb(r) - '{_pt_run,_pt_at,_pt_hash,_pt_aside}'::text[])::text, 0)) from $1 r"
}

compare() {
    local there
    there=$(sum_of "bench.$1")
    if [ "$there" != "$(sum_of bench.copied)" ] || [ "${there%% *}" != "$rows" ]; then
        echo "bench: bench.$1 differs from what was copied" >&2
        exit 1
    fi
}

# What \copy gets: the columns of the records, with a primary key.
make_model() {
    local columns
    columns=$(sql -c "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
        where attrelid = 'bench.$1'::regclass and attnum > 0 and attname not like '\_pt\_%'")
    sql -c "create table bench.model_$1 as select $columns from bench.$1 limit 0" \
        -c "alter table bench.model_$1 add primary key (id)" \
        -c "\\copy (select $columns from bench.$1 order by id) to '$dir/$1.txt'"
}

turn() {
    local kind=$1
    copy "${kind}_copy" "$kind"
    sql -c "drop table bench.$kind"
    sync "${kind}_first" "$kind"
    compare "$kind"
    sync "${kind}_again" "$kind"
    sql -c "update bench.$kind set _pt_hash = 0 where id % 100 = 0" -c "vacuum bench.$kind"
    sync "${kind}_changed" "$kind"
    compare "$kind"
}

report() {
    local name=$1 title=$2 wall client server wal
    wall=$(cut -d' ' -f1 "$dir/$name" | median)
    client=$(cut -d' ' -f2 "$dir/$name" | median)
    server=$(cut -d' ' -f3 "$dir/$name" | median)
    wal=$(cut -d' ' -f4 "$dir/$name" | median)
    base_wall=${base_wall:-$wall}
    base_server=${base_server:-$server}
    awk -v title="$title" -v wall="$wall" -v client="$client" -v server="$server" -v wal="$wal" \
        -v base_wall="$base_wall" -v base_server="$base_server" 'BEGIN {
        printf "%-29s %7.2f %9.2f %9.2f %9.2f %11.2f %11.2f\n", title, wall, client, server,
            wal / 1048576, base_wall / wall, base_server / (server > 0 ? server : 0.01)
    }'
}

start <<END
defaults:
  path: /gen/page
  params: {total: $rows, per_page: $per_page, record_bytes: $record_bytes}
  pagination: {type: page, total_pages_path: pages}
  merge_path: data
  write: upsert
  key: [id]
streams:
  typed: {}
  jsonb: {columns: none}
END
for kind in jsonb typed; do
    "$build/pagetide" sync "bench.$kind" -c "$dir" --log-level error >"$dir/out" 2>&1
    make_model "$kind"
    for round in $(seq "$rounds"); do
        turn "$kind"
        echo "$kind: round $round, the tables are equal" >&2
    done
done
echo "$rows records of $record_bytes bytes and more, medians of $rounds rounds"
printf "%-29s %7s %9s %9s %9s %11s %11s\n" "" "wall s" "client s" "server s" "WAL MiB" "\\copy/wall" \
    "\\copy/server"
for kind in jsonb typed; do
    base_wall='' base_server=''
    report "${kind}_copy" "$kind: psql \\copy"
    report "${kind}_first" "$kind: upsert first load"
    report "${kind}_again" "$kind: upsert identical again"
    report "${kind}_changed" "$kind: upsert 1 % changed"
done
