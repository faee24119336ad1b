#!/usr/bin/env bash
# Real API servers against Pagetide: run.sh build/release [SERVER…]
#
# Each folder beside this file is a server. It is installed, pinned, below build/servers/cache,
# started on a free port and filled with the odd records of records.py. Then the streams of its
# definition.yml are read: `auto…` by what Pagetide recognises alone, the others as they say.
#
# A declared stream passes if every record has arrived exactly and its end is proved or told.
# `auto…` passes too where it says that it has read one page only, or does not end as succeeded;
# `whole…`, a list in one answer, may be assumed.
# A server that cannot be had on this machine is skipped, and a line says why. The last line is
# "N passed, N failed".
set -uo pipefail

if [ $# -lt 1 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
cd "$(dirname "$0")/../.." || exit 2
# Nothing of the caller's servers may get in.
unset "${!PAGETIDE_@}" "${!PG@}"

pagetide=$PWD/$1/pagetide
shift
here=$PWD/tests/servers
root=$PWD/build/servers
export PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1

# shellcheck source=tests/servers/lib.sh
. "$here/lib.sh"

list_servers() {
    local file
    for file in "$here"/*/server.sh; do
        basename "$(dirname "$file")"
    done
}

# Subshells count too: one line each.
pass() {
    echo passed >>"$root/counts"
    printf '%-34s passed: %s\n' "$1" "$2"
}

fail() {
    echo failed >>"$root/counts"
    printf '%-34s FAILED: %s\n' "$1" "$2"
}

stop_all() {
    stop_server
    tools/servers.sh clean "$root/postgres"
}
trap 'exit 130' INT TERM HUP
trap stop_all EXIT

# --- One server -----------------------------------------------------------------------------

# Prints why the server is skipped; nothing where it is ready to start.
install_server() {
    local code
    # Not in a condition, where `set -e` has no effect.
    (set -e; install) >"$work/install.log" 2>&1
    code=$?
    [ "$code" != 0 ] || return
    sed -n '$s/^skip: //p' "$work/install.log" | grep . ||
        echo "it cannot be installed: $(tail -n 1 "$work/install.log")"
}

# `set -m` gives the server a process group of its own, which stop_server ends as a whole.
start_server() {
    set -m
    { set -e; launch; } >"$work/log" 2>&1 </dev/null &
    server_pid=$!
    set +m
    await_server
}

await_server() {
    local deadline=$((SECONDS + ${start_limit_s:-600}))
    until answers >/dev/null 2>&1; do
        kill -0 "$server_pid" 2>/dev/null || return 1
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}

fill_server() {
    fill >"$work/expected.jsonl" 2>"$work/fill.log" &&
        [ "$(wc -l <"$work/expected.jsonl")" = 235 ]
}

stop_server() {
    [ -n "${server_pid:-}" ] || return 0
    kill -TERM -- "-$server_pid" 2>/dev/null
    for _ in $(seq 50); do
        kill -0 -- "-$server_pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$server_pid" 2>/dev/null
    wait "$server_pid" 2>/dev/null
    server_pid=
}

list_streams() {
    sed -n '/^streams:/,$s/^  \([a-z_]*\):.*/\1/p' "$here/$name/definition.yml"
}

# Prints state, proof, records and the reason of the stream's newest run, tab-separated.
newest_run() {
    psql -X -A -t -F $'\t' -c "select state, coalesce(complete, '-'), records,
            concat_ws('; ', nullif(reason, ''), complete_why)
        from pagetide.history where stream = '$1' order by run desc limit 1"
}

check_stream() {
    local stream=$1 state complete records why difference
    "$pagetide" sync -c "$work/config" "$name.$stream" >"$work/$stream.log" 2>&1
    IFS=$'\t' read -r state complete records why < <(newest_run "$name.$stream")
    if [ -z "${state:-}" ]; then
        fail "$name.$stream" "$(head -n 1 "$work/$stream.log")"
        return
    fi
    psql -X -A -t -c "select to_jsonb(t) from $name.$stream t" >"$work/$stream.jsonl"
    # shellcheck disable=SC2154 # key and own are server.sh's
    difference=$("$here/compare.py" "$key" "${own:-}" "$work/expected.jsonl" "$work/$stream.jsonl")
    judge_stream "$stream" "$state $complete" "$records records${why:+, $why}" "$difference"
}

judge_stream() {
    local stream=$1 ending=$2 words=$3 difference=$4
    case $stream:$ending:${difference:+differs} in
    auto*:succeeded\ *: | whole*:succeeded\ *: | *:succeeded\ proved: | *:succeeded\ told:)
        pass "$name.$stream" "$ending: $words"
        ;;
    auto*:succeeded\ assumed:differs)
        if [[ $words == *"one page only"* && $difference != *differs* ]]; then
            pass "$name.$stream" "$ending: $words"
        else
            fail "$name.$stream" "$ending: $words; $difference"
        fi
        ;;
    auto*:succeeded\ *) fail "$name.$stream" "$ending: $words; $difference" ;;
    auto*:*) pass "$name.$stream" "$ending: $words" ;;
    *) fail "$name.$stream" "$ending: $words${difference:+; $difference}" ;;
    esac
}

run_server() {
    local skipped stream
    work=$root/work/$name
    cache=$root/cache/$name
    rm -rf "$work"
    mkdir -p "$work/config/sources" "$cache"
    port=$(free_port)
    export SERVER=http://127.0.0.1:$port
    cp "$here/$name/definition.yml" "$work/config/sources/$name.yaml"
    skipped=$(install_server)
    if [ -n "$skipped" ]; then
        echo "$name: skipped: $skipped"
    elif ! start_server; then
        fail "$name" "it does not start: $(tail -n 1 "$work/log")"
    elif ! fill_server; then
        fail "$name" "it cannot be filled: $(tail -n 1 "$work/fill.log")"
    else
        for stream in $(list_streams); do
            check_stream "$stream"
        done
    fi
    stop_server
}

# --- All of them ----------------------------------------------------------------------------

# A server's functions and variables end with its subshell.
run_named() {
    name=$1
    if [ ! -f "$here/$name/server.sh" ]; then
        fail "$name" "there is no such server; there are: $(list_servers | xargs)"
        return
    fi
    (
        trap stop_server EXIT
        trap 'exit 130' INT TERM HUP
        # shellcheck disable=SC1090 # one per server
        . "$here/$name/server.sh"
        run_server
    )
}

count() {
    grep -cx "$1" "$root/counts"
}

mkdir -p "$root"
: >"$root/counts"
PAGETIDE_TEST_FSYNC=off tools/servers.sh start --pg-only "$root/postgres" || exit 1
# shellcheck disable=SC1091 # written by servers.sh
. "$root/postgres/env"
"$pagetide" migrate >/dev/null || exit 1
[ $# -gt 0 ] || mapfile -t servers < <(list_servers)
for server in "$@" "${servers[@]}"; do
    run_named "$server"
done
echo "$(count passed) passed, $(count failed) failed"
[ "$(count failed)" = 0 ] && [ "$(count passed)" != 0 ]
