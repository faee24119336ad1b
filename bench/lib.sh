# shellcheck shell=bash
# What the measurements share; sourced from bench/*.sh, whose first argument is the build. Private
# servers under $dir, and the mock API; all of it is stopped and removed at the end. PostgreSQL has
# fsync on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

unset "${!PAGETIDE_@}" "${!PG@}"
build=${1:-build/release}
dir=build/bench/$(basename "$0" .sh)
mock=

stop_all() {
    [ -z "$mock" ] || kill "$mock" 2>/dev/null || true
    tools/servers.sh clean "$dir/servers"
    rm -rf "$dir"
}
trap 'exit 130' INT TERM HUP
trap stop_all EXIT

sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# Sets url, of the mock API. The streams of "bench" are on stdin.
start() {
    local streams
    streams=$(cat)
    tools/servers.sh clean "$dir/servers"
    rm -rf "$dir"
    mkdir -p "$dir/sources"
    tools/servers.sh start --pg-only "$dir/servers"
    # shellcheck disable=SC1091 # written by servers.sh
    . "$dir/servers/env"
    export PGOPTIONS="-c client_min_messages=warning"
    "$build/bench/mock" >"$dir/mock.port" &
    mock=$!
    until grep -qs '^port' "$dir/mock.port"; do
        kill -0 "$mock"
        sleep 0.05
    done
    url=http://127.0.0.1:$(sed -n 's/^port //p' "$dir/mock.port")
    printf 'source: bench\nbase_url: %s\n%s\n' "$url" "$streams" >"$dir/sources/bench.yaml"
}

# Seconds of a command, to the microsecond.
seconds_of() {
    local began=$EPOCHREALTIME
    "$@" >"$dir/out" 2>&1 || {
        cat "$dir/out" >&2
        return 1
    }
    awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
}

# Of the numbers on stdin.
median() {
    sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}
