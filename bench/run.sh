#!/usr/bin/env bash
# shellcheck disable=SC2034 # for lib.sh and rows/
# Measures what docs/performance.md shows: bench/run.sh build/release
#
# Every figure is that of a whole command, beside psql \copy of the same records or what else it is
# compared with, in turns, in the same run: a checkpoint and a fresh table before each, the tables
# compared by count and checksum, medians of the rounds. Private servers, below build/bench; PostgreSQL
# has its own settings, fsync too. rows.txt says what is measured, rows/*.sh how. The table goes to
# stdout, all of it with the machine into build/bench/result.json, which report.sh writes into the docs.
#
#   QUICK=1                   few records, one round, below two minutes
#   ROWS='upsert append-typed' rows whose ids begin so; their neighbours are measured too
#   ROUNDS=5 RECORDS=300000   other sizes; PAGES=1000 of latency and parallel, PARTITIONS=5000
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

unset "${!PAGETIDE_@}" "${!PG@}" "${!REDISCLI@}"
build=${1:-build/release}
dir=$PWD/build/bench/run
groups="append cpu two sessions upsert replace bad memory queue commit latency parallel noop lease \
enqueue partitions limit format peer"

if [ -n "${QUICK:-}" ]; then
    rounds=${ROUNDS:-1} slow_rounds=1 records=${RECORDS:-20000}
    many_pages=4000 slow_pages=${PAGES:-64} jobs=5000 partitions=${PARTITIONS:-500} commit_rounds=40 dlt_rounds=1
else
    rounds=${ROUNDS:-5} slow_rounds=3 records=${RECORDS:-300000}
    many_pages=100000 slow_pages=${PAGES:-1000} jobs=50000 partitions=${PARTITIONS:-5000} commit_rounds=200 dlt_rounds=1
fi
form_pages=$(((records + 999) / 1000))

# shellcheck source=bench/lib.sh
. bench/lib.sh
for file in bench/rows/*.sh; do
    # shellcheck source=/dev/null
    . "$file"
done

# Is a row of the group asked for?
is_wanted() {
    local word
    for word in ${ROWS:-$groups}; do
        [ "${word%%-*}" != "$1" ] || return 0
    done
    return 1
}

list_rows() {
    sed -n 's/ *| */\t/g; /^[a-z]/p' bench/rows.txt
}

# One object for each figure: what was measured, with what is wanted of it.
join_results() {
    jq -n --rawfile wanted <(list_rows) --slurpfile results "$dir/results" '
        def limit: if . == "-" then null else tonumber end;
        [$wanted | split("\n")[] | select(. != "") | split("\t")
            | {id: .[0], what: .[5], unit: .[1], better: .[2], must: (.[3] | limit), aim: (.[4] | limit)}
            | . as $row | $results[] | select(.id == $row.id)
            | $row + {value, reached: (
                def reaches($limit): if $row.better == "more" then .value >= $limit else .value <= $limit end;
                if $row.must == null then null elif $row.aim != null and reaches($row.aim) then "aim"
                elif reaches($row.must) then "must" else "no" end), of, of_unit}]'
}

describe() {
    jq -n --arg date "$(date -u +%FT%TZ)" --arg commit "$(git describe --always --dirty 2>/dev/null || echo unknown)" \
        --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" --argjson cores "$(nproc)" \
        --arg kernel "$(uname -sr)" --arg postgresql "$(sql -c "show server_version")" \
        --arg load "$load" --argjson rounds "$rounds" --argjson records "$records" --argjson quick "${QUICK:-0}" \
        --argjson settings "$(sql -c "select json_object_agg(name, current_setting(name)) from unnest(
            '{shared_buffers,fsync,synchronous_commit,wal_level,max_wal_size}'::text[]) name")" '
        {date: $date, commit: $commit, quick: ($quick != 0), records: $records, rounds: $rounds,
         machine: {cpu: $cpu, cores: $cores, kernel: $kernel, load_before: $load},
         postgresql: {version: $postgresql, settings: $settings}}'
}

print_table() {
    jq -r '.rows[] | [.id, (.value * 1000 | round / 1000 | tostring) + " " + .unit,
        (.must // "-" | tostring), (.aim // "-" | tostring), (.reached // "-"), .what] | join("\t")' "$1" |
        awk -F'\t' 'BEGIN { format = "%-19s %14s %8s %8s %-5s %s\n"
            printf format, "row", "measured", "must", "aim", "so", "what" }
            { printf format, $1, $2, $3, $4, $5 == "no" ? "NO" : $5, $6 }'
}

for word in ${ROWS:-}; do
    case " $groups " in *" ${word%%-*} "*) ;; *) fail "there is no row $word; there are: $groups" ;; esac
done
load=$(cut -d' ' -f1-3 /proc/loadavg)
tools/servers.sh clean "$dir/servers"
rm -rf "$dir"
mkdir -p "$dir/api" "$dir/m" "$dir/sources" "$dir/nginx" "$dir/home"
: >"$dir/results"
trap 'exit 130' INT TERM HUP
trap stop_all EXIT
start_databases
start_nginx
for group in $groups; do
    ! is_wanted "$group" || "group_$group"
done
jq -n --argjson about "$(describe)" --argjson rows "$(join_results)" '$about + {rows: $rows}' >build/bench/result.json
print_table build/bench/result.json
