#!/usr/bin/env bash
# The main job, shown: demo.sh build/release. An API's pages go through Redis into PostgreSQL,
# on a schedule and on demand. Everything runs on private servers under build/demo, on
# free ports, and is gone when the script ends.
set -euo pipefail
cd "$(dirname "$0")/.."

# Nothing of the caller's servers may get in.
unset "${!PAGETIDE_@}" "${!PG@}" "${!REDISCLI@}"

build=${1:-build/release}
dir=build/demo
pids=()

bold=''
plain=''
if [ -t 1 ]; then
    bold=$'\e[1m'
    plain=$'\e[0m'
fi

head_line() {
    printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}

# Shows a command as a user would type it, then runs it.
show() {
    printf '%s$ %s%s\n' "$bold" "$1" "$plain"
}

fail() {
    echo "demo: $*" >&2
    [ ! -s "$dir/up.log" ] || tail -n 20 "$dir/up.log" >&2
    exit 1
}

# Only what this script started, by its pid; again after a moment, then for good.
stop_all() {
    local pid
    for pid in ${pids[@]+"${pids[@]}"}; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in ${pids[@]+"${pids[@]}"}; do
        wait "$pid" 2>/dev/null || true
    done
    tools/servers.sh clean "$dir/servers"
}
trap 'exit 130' INT TERM HUP
trap stop_all EXIT

await() {
    local what=$1 limit_s=$2
    shift 2
    for _ in $(seq $((limit_s * 10))); do
        "$@" && return
        sleep 0.1
    done
    fail "waited $limit_s s for $what in vain"
}

sql() {
    psql -X -q "$@"
}

ask() {
    sql -A -t -c "$1" 2>/dev/null
}

show_sql() {
    show "psql -c \"$1\""
    sql -P pager=off -P footer=off -c "$1"
}

start_mock() {
    # Slowed down, so that there is progress to see.
    echo '{"faults": [{"path": "/iso/languages", "kind": "slow_ms", "ms": 80, "times": -1}]}' \
        >"$dir/mock.json"
    "$build/bench/mock" --script "$dir/mock.json" >"$dir/mock.port" &
    pids+=($!)
    await "the mock API" 10 grep -q '^port' "$dir/mock.port"
    mock_port=$(sed -n 's/^port //p' "$dir/mock.port")
}

start_up() {
    PAGETIDE_HTTP=127.0.0.1:0 "$build/pagetide" up -c "$dir" 2>"$dir/up.log" &
    pids+=($!)
    await "pagetide up" 20 grep -q config.applied "$dir/up.log"
}

has_succeeded() {
    [ "$(ask "select count(*) from pagetide.health
              where stream = any ('{$1}') and last_state = 'succeeded'")" = "$2" ]
}

follow() {
    local line before='' state
    for _ in $(seq 300); do
        line=$(ask "select state, page, records from pagetide.progress where stream = '$1'" |
            awk -F'|' '{ printf "%-10s %3d pages %5d records", $1, $2, $3 }')
        [ "$line" = "$before" ] || echo "   $line"
        before=$line
        state=${line%% *}
        case $state in
        succeeded) return ;;
        failed | truncated | cancelled | dead) fail "the run ended as $state" ;;
        esac
        sleep 0.2
    done
    fail "the run did not end within 60 s"
}

head_line "Private servers under $dir"
tools/servers.sh clean "$dir/servers"
rm -rf "$dir"
mkdir -p "$dir/sources"
PAGETIDE_TEST_FSYNC=off tools/servers.sh start "$dir/servers"
# shellcheck disable=SC1091 # written by servers.sh
. "$dir/servers/env"
start_mock
sed "s|127.0.0.1:8080|127.0.0.1:$mock_port|" config/examples/world.yaml >"$dir/sources/world.yaml"
echo "   PostgreSQL  $PAGETIDE_DATABASE_URL"
echo "   Redis       $PAGETIDE_REDIS_URL"
echo "   an API      http://127.0.0.1:$mock_port/iso: countries, subdivisions and languages (iso-codes)"

head_line "What to bring where: one YAML file per API"
show "cat sources/world.yaml"
sed 's/^/   /' "$dir/sources/world.yaml"
show "pagetide check"
"$build/pagetide" check -c "$dir"

head_line "On a schedule: scheduler and worker in one process"
show "pagetide up &"
start_up
await "the scheduled runs" 30 has_succeeded world.countries,world.subdivisions 2
sed 's/^[^ ]* /   /' "$dir/up.log" | grep -E 'run.queued|job.done'

head_line "On demand: one message, from anything that can reach Redis"
show "redis-cli XADD pagetide:reload '*' stream world.languages id first-import"
redis-cli -p "$REDIS_PORT" XADD pagetide:reload '*' stream world.languages id first-import |
    sed 's/^/   /'
show "psql -c \"select state, page, records from pagetide.progress\"   # again and again"
follow world.languages
show "redis-cli GET pagetide:reload:result:first-import"
# PostgreSQL knows the end first; Redis is told a moment later.
result() {
    redis-cli -p "$REDIS_PORT" GET pagetide:reload:result:first-import
}
result_is_final() {
    result | grep -q '"state":"succeeded"'
}
await "the result" 20 result_is_final
result | sed 's/^/   /'

head_line "Plain tables, to be asked in SQL"
show_sql "select c.name as country, count(*) as subdivisions, count(distinct s.type) as kinds
           from world.subdivisions s
           join world.countries c on c.alpha_2 = split_part(s.code, '-', 1)
          group by c.name order by 2 desc limit 5"
show_sql "select stream, trigger, state, pages, records, rejects, seconds
           from pagetide.history order by run"

head_line "How to go on"
cat <<END
   Everything above is stopped and removed now; the binary stays: $build/pagetide

   export PAGETIDE_DATABASE_URL=postgresql://… PAGETIDE_REDIS_URL=redis://…
   mkdir -p sources                  # one YAML file per API; config/examples/ has some
   pagetide check                    # says what is wrong, with file:line:column
   pagetide sync source.stream       # one run, here and now; needs no Redis
   pagetide up                       # schedules, reload messages, and the work itself;
                                     # http://127.0.0.1:9187/ shows it

   README.md is two screens; docs/architecture.md tells how a page travels.
END
