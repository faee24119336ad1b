#!/usr/bin/env bash
# Runs test programs: run-tests.sh build/release unit|flow|fault|deb|figures...
#
# Two suites run at a time, those of fault and figures one after another, all from the project's
# root. A figure (tests/support/figure.h) is said beside its suite. Fault suites take FAULT_SEED
# as their seed; elsewhere PAGETIDE_TEST_SEED chooses one case of many.
# Private servers run meanwhile (tools/servers.sh) where a suite asks for them; their DIR/env
# and PAGETIDE_BUILD, the build folder, are in each suite's environment. The last line is
# "N passed, N failed"; a suite that crashes, hangs or counts nothing is one failure. Output
# of each suite: build/<flavour>/test-logs/.
set -uo pipefail

if [ $# -lt 2 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
cd "$(dirname "$0")/.." || exit 2
build=$1
shift
logs=$build/test-logs
servers=$build/test-servers
suite_limit_s=${SUITE_LIMIT_S:-900}
passed=0
failed=0
mkdir -p "$logs"

stop_all() {
    local running dir
    running=$(jobs -p)
    # shellcheck disable=SC2086 # one word per process
    [ -z "$running" ] || kill $running 2>/dev/null
    wait
    for dir in "$servers" "$servers".*; do
        tools/servers.sh clean "$dir"
    done
}
trap 'exit 130' INT TERM HUP
trap stop_all EXIT

# Programs whose source is gone are leftovers of an older build.
list_suites() {
    local source binary
    for source in tests/"$1"/*.c tests/"$1"/*/*.c tests/"$1"/*/*/*.c; do
        binary=$build/${source%.c}
        [[ $source == */test_*.c ]] && [ -f "$source" ] && [ -x "$binary" ] && echo "$source"
    done
}

start_servers() {
    [ ! -f "$servers/env" ] || return 0
    PAGETIDE_TEST_FSYNC=${PAGETIDE_TEST_FSYNC:-off} tools/servers.sh start "$servers" || exit 1
    # shellcheck disable=SC1091 # written by servers.sh
    . "$servers/env"
}

log_of() {
    local name=${1#tests/}
    name=${name%.c}
    echo "$logs/${name//\//-}.log"
}

# Runs as a job of its own; stop_all's signal must reach the suite, not just the job.
run_suite() {
    local log child
    log=$(log_of "$1")
    if [[ $1 == tests/fault/* ]] && [ -n "${FAULT_SEED:-}" ]; then
        export PAGETIDE_TEST_SEED=${PAGETIDE_TEST_SEED:-$FAULT_SEED}
    fi
    timeout -k 10 "$suite_limit_s" "$build/${1%.c}" >"$log" 2>&1 &
    child=$!
    trap 'kill "$child"' TERM
    wait "$child" 2>/dev/null
    echo "exit $?" >>"$log"
}

# Adds up Check's lines "100%: Checks: 4, Failures: 0, Errors: 0".
count_suite() {
    local log checks bad code note=
    log=$(log_of "$1")
    read -r checks bad < <(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' \
        "$log" | awk '{checks += $1; bad += $2 + $3} END {print checks + 0, bad + 0}')
    code=$(sed -n '$s/^exit //p' "$log")
    if [ "$bad" = 0 ] && { [ "$code" != 0 ] || [ "$checks" = 0 ]; }; then
        bad=1
        checks=$((checks + 1))
        note=", exit status ${code:-unknown}"
        [ "$code" != 124 ] && [ "$code" != 137 ] || note=", not done after $suite_limit_s s"
    fi
    passed=$((passed + checks - bad))
    failed=$((failed + bad))
    printf '%-44s %4d passed %4d failed%s\n' "${1%.c}" $((checks - bad)) "$bad" "$note"
    sed -n 's/^figure\t\(.*\)\t\(.*\)\t\(.*\)\t\(.*\)$/    \1: \2 \3 (\4)/p' "$log"
    [ "$bad" = 0 ] || sed -e '$d' -e 's/^/    /' "$log" | tail -n 60
}

run_in_pairs() {
    local suite
    for suite; do
        run_suite "$suite" &
        [ "$(jobs -pr | wc -l)" -lt 2 ] || wait -n
    done
    wait
    for suite; do
        count_suite "$suite"
    done
}

# In the background all the same: only then an interrupt is heard at once.
run_in_turn() {
    local suite
    for suite; do
        run_suite "$suite" &
        wait
        count_suite "$suite"
    done
}

run_kind() {
    local suites
    mapfile -t suites < <(list_suites "$1")
    [ ${#suites[@]} -gt 0 ] || return 0
    if [[ $1 =~ ^(flow|fault)$ ]] || grep -q 'support/servers\.h"' "${suites[@]}"; then
        start_servers
    fi
    if [ "$1" = fault ] || [ "$1" = figures ]; then
        run_in_turn "${suites[@]}"
    else
        run_in_pairs "${suites[@]}"
    fi
}

export PAGETIDE_BUILD=$build
for kind; do
    run_kind "$kind"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
