# shellcheck shell=bash disable=SC2154 # run.sh sets the variables
# `make peers`: other tools on the servers that have a dlt.json; sourced by run.sh, which installs,
# starts and fills them. Each tool loads the same records into a table of its own, start-up included.
#
#   pagetide        the first stream of definition.yml, as the catalogue says
#   pagetide auto   its stream `auto`
#   dlt             rest_api with the paginator that dlt.json names
#   dlt auto        rest_api without one
#   ingestr         its source that reads a file over HTTP

dlt=$(sed -n 's/^version=//p' "$here/../../bench/peers/tools/dlt.sh")
ingestr=$(sed -n 's/^version=//p' "$here/../../bench/peers/tools/ingestr.sh")

install_peer() {
    local package=$1 venv=$root/cache/peer_$2
    [ "$(cat "$venv/package" 2>/dev/null)" != "$package" ] || return 0
    rm -rf "$venv"
    python3 -m venv "$venv" &&
        "$venv/bin/pip" install -q --disable-pip-version-check "$package" &&
        echo "$package" >"$venv/package"
}

install_peers() {
    install_peer "dlt[postgres]==$dlt" dlt && install_peer "ingestr==$ingestr" ingestr
}

load_pagetide() {
    "$pagetide" sync -c "$work/config" "$name.$1"
}

load_dlt() {
    HOME=$work/dlt RUNTIME__DLTHUB_TELEMETRY=false "$root/cache/peer_dlt/bin/python" "$here/dlt_load.py" \
        "$SERVER" "$here/$name/dlt.json" "dlt_$name${1:+_$1}" "$@"
}

load_ingestr() {
    HOME=$work/ingestr DISABLE_TELEMETRY=true "$root/cache/peer_ingestr/bin/ingestr" ingest --yes --progress log \
        --source-uri "$SERVER$found_at" --source-table "records#json" \
        --dest-uri "postgresql://$PGUSER:none@$PGHOST:$PGPORT/$PGDATABASE?sslmode=disable" \
        --dest-table "ingestr_$name.records"
}

# try_peer TOOL TABLE FUNCTION [ARG]: a row of the table.
try_peer() {
    local tool=$1 table=$2 ended seconds megabytes rows lost twice other
    mkdir -p "$work/dlt" "$work/ingestr"
    rm -f "$work/measured"
    "$build/bench/measure" "$work/measured" bash -c "$(declare -f load_pagetide load_dlt load_ingestr)
        $(declare -p pagetide work name root here found_at); ${*:3}" >"$work/peer.log" 2>&1
    ended=$?
    cp "$work/peer.log" "$work/peer_${tool// /_}.log"
    read -r seconds _ _ megabytes <"$work/measured"
    psql -X -A -t -c "select to_jsonb(t) from $table t" >"$work/peer.jsonl" 2>/dev/null
    read -r rows lost twice other < <("$here/peer_rows.py" "$key" "$work/expected.jsonl" "$work/peer.jsonl")
    printf "| \`%s\` | %s | %s | %s | %s | %s | %s | %.1f | %.0f |\n" "$name" "$tool" \
        "$([ "$ended" = 0 ] && echo success || echo "error")" "$rows" "$lost" "$twice" "$other" \
        "$seconds" "$megabytes" | tee -a "$root/peers"
}

check_peers() {
    local first
    first=$(list_streams | head -n 1)
    try_peer pagetide "$name.$first" load_pagetide "$first"
    try_peer "pagetide auto" "$name.auto" load_pagetide auto
    try_peer "dlt $dlt" "dlt_$name.records" load_dlt
    try_peer "dlt $dlt, auto" "dlt_${name}_auto.records" load_dlt auto
    try_peer "ingestr $ingestr" "ingestr_$name.records" load_ingestr
}

print_peers() {
    echo "| server | tool | it says | rows | lost | twice | other values | seconds | MB |"
    echo "|---|---|---|---|---|---|---|---|---|"
    cat "$root/peers"
}
