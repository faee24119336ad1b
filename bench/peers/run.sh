#!/usr/bin/env bash
# Other tools beside Pagetide: bench/peers/run.sh build/release; `make peers` builds first.
#
# Each tool of tools/ is installed, pinned, below build/peers, and loads the same records from the
# same API (nginx, 1,000 a page, the next page's number in `next`) into the same PostgreSQL: once
# in peace, and once into a table of its own, killed (kill -9, all of its processes) after half of
# the time that it took, and started again. A table says what came of it: the time and memory of
# the first load, and of the second how many records have more than one row, and how many none.
# It goes to build/peers/result.md.
#
#   PEERS='dlt ingestr'   these alone (Pagetide is always measured)
#   RECORDS=300000        100,000 if absent
#   ROUNDS=3              loads in peace, of which the median counts; 1 if absent
#
# A tool that this machine cannot have is a line "skipped: why".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

unset "${!PAGETIDE_@}" "${!PG@}" "${!REDISCLI@}"
build=$PWD/${1:-build/release}
peers=$PWD/bench/peers
cache=$PWD/build/peers/cache
dir=$PWD/build/peers/run
records=${RECORDS:-100000} rounds=${ROUNDS:-1}
form_pages=1

# shellcheck source=bench/lib.sh
. bench/lib.sh

list_tools() {
    local file
    for file in "$peers"/tools/*.sh; do
        basename "$file" .sh
    done
}

# A tool's file has its version, and three functions: `install` puts it below $venv, `prepare`
# makes ready for a load into $schema.records, untimed, `load` is what is measured. $home is a
# folder of this load, kept where it is started again. They may use these:
# shellcheck disable=SC2090 # columns are words of YAML
export build peers cache url dir columns

# in_tool TOOL FUNCTION [ARG…]: in a shell of its own. With `exec`, so that `measure` counts it.
in_tool() {
    venv=$cache/$1/venv home=$dir/home/$1 schema=${3:-} \
        bash -c 'set -euo pipefail; . "$peers/tools/$0.sh"; mkdir -p "$home"; "$1"' "$1" "$2"
}

# Prints why the tool is skipped; nothing where it is there.
install_tool() {
    local stamp
    stamp=$(cksum <"$peers/tools/$1.sh")
    [ "$(cat "$cache/$1/whole" 2>/dev/null)" != "$stamp" ] || return 0
    rm -rf "${cache:?}/$1"
    mkdir -p "$cache/$1"
    if in_tool "$1" install >"$dir/install.log" 2>&1; then
        echo "$stamp" >"$cache/$1/whole"
    else
        echo "it cannot be installed: $(grep . "$dir/install.log" | tail -n 1)"
    fi
}

# --- The API ----------------------------------------------------------------------------------

# `next` is a number, or null on the last page; all of the records are in one file too.
make_pages() {
    local page pages=$(((records + 999) / 1000))
    gen json 1 "$records" 1000 paged
    for page in $(seq "$pages"); do
        sed -i "1s/^{/{\"next\":$([ "$page" = "$pages" ] && echo null || echo $((page + 1))),/" \
            "$dir/api/paged/$page"
    done
    gen ndjson 1 "$records" "$records" records.jsonl
}

# --- One tool ---------------------------------------------------------------------------------

# counts_of TABLE: rows, records that have more than one, records that have none.
counts_of() {
    sql -F ' ' -c "select count(*), count(*) - count(distinct id), $records - count(distinct id) from $1" \
        2>/dev/null || echo "0 0 $records"
}

median_of() {
    cut -d' ' -f"$2" "$dir/m/$1" | median
}

load_in_peace() {
    for _ in $(seq "$rounds"); do
        sql -c "drop schema if exists peace cascade" -c checkpoint
        rm -rf "${dir:?}/home/$1"
        in_tool "$1" prepare peace
        measure_tool "$1" peace
    done
}

measure_tool() {
    "$build/bench/measure" "$dir/m/$1" bash -c "$(declare -f in_tool); in_tool $1 load $2" \
        >"$dir/out" 2>&1 || return
}

# load_killed TOOL SECONDS
load_killed() {
    local pid
    sql -c "drop schema if exists killed cascade" -c checkpoint
    rm -rf "${dir:?}/home/$1"
    in_tool "$1" prepare killed
    set -m
    in_tool "$1" load killed >"$dir/out" 2>&1 </dev/null &
    pid=$!
    set +m
    sleep "$2"
    kill -KILL -- "-$pid" 2>/dev/null || echo "$1: it had ended before it could be killed" >&2
    wait "$pid" 2>/dev/null || true
    left=$(counts_of killed.records)
    in_tool "$1" load killed >"$dir/out" 2>&1
}

# A row of the table.
run_tool() {
    local skipped seconds rows twice lost left version
    skipped=$(install_tool "$1")
    version=$(sed -n 's/^version=//p' "$peers/tools/$1.sh")
    [ "$1" != pagetide ] || version=$("$build/pagetide" --version | awk "{ print \$2 }")
    if [ -n "$skipped" ]; then
        skip "$1: $skipped"
        echo "| $1 $version | not to be had: $skipped | | | | |" >>"$dir/rows"
        return
    fi
    if ! load_in_peace "$1"; then
        tail -n 20 "$dir/out" >&2
        echo "| $1 $version | it fails: $(grep . "$dir/out" | tail -n 1 | cut -c1-100) | | | | |" >>"$dir/rows"
        return
    fi
    seconds=$(median_of "$1" 1)
    read -r rows twice lost < <(counts_of peace.records)
    local peace="$rows"
    [ "$twice $lost" = "0 0" ] || peace="$rows; $twice twice, $lost lost"
    if load_killed "$1" "$(calc "$seconds / 2")"; then
        read -r rows twice lost < <(counts_of killed.records)
    else
        rows="fails again: $(grep . "$dir/out" | tail -n 1 | cut -c1-60)" twice=- lost=-
    fi
    printf '| %s %s | %.1f | %.0f | %s | %s | %s rows, %s twice, %s lost |\n' "$1" "$version" "$seconds" \
        "$(median_of "$1" 4)" "$peace" "${left%% *}" "$rows" "$twice" "$lost" | tee -a "$dir/rows" >&2
}

# --- All of them ------------------------------------------------------------------------------

print_table() {
    echo "$(date -u +%F), $records records of 616 bytes, load before: $load; PostgreSQL $(sql -c 'show server_version'):"
    echo
    echo "    make peers$([ -z "${PEERS:-}" ] || echo " PEERS='$PEERS'") RECORDS=$records"
    echo
    echo "| tool | seconds | MB | rows | rows at kill -9 | and started again |"
    echo "|---|---|---|---|---|---|"
    cat "$dir/rows"
}

for tool in ${PEERS:-}; do
    [ -f "$peers/tools/$tool.sh" ] || fail "there is no peer $tool; there are: $(list_tools | xargs)"
done
load=$(cut -d' ' -f1 /proc/loadavg)
tools/servers.sh clean "$dir/servers"
rm -rf "$dir"
mkdir -p "$dir/api" "$dir/m" "$dir/sources" "$dir/nginx" "$dir/home" "$cache"
: >"$dir/rows"
trap 'exit 130' INT TERM HUP
trap stop_all EXIT
start_databases
start_nginx
make_pages
# shellcheck disable=SC2046 # words
for tool in pagetide $(for one in ${PEERS:-$(list_tools)}; do [ "$one" = pagetide ] || echo "$one"; done); do
    run_tool "$tool"
done
print_table >"$PWD/build/peers/result.md"
cat "$PWD/build/peers/result.md"
