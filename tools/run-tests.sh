#!/usr/bin/env bash
# Runs test programs: run-tests.sh build/release unit|flow|fault|deb|image|web|figures|fault/test_NAME...
#
# Four suites run at a time (AT_A_TIME), the longest first, from the project's root; each is
# said when it ends, with its seconds. A figure (tests/support/figure.h) is said beside its suite.
# Fault suites take FAULT_SEED as their seed; elsewhere PAGETIDE_TEST_SEED chooses one case of
# many.
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
at_a_time=${AT_A_TIME:-4} # most suites wait more than they work
# By their seconds.
long=(deb/test_deb image/test_image fault/test_postgres flow/test_discover fault/test_redis flow/test_shapes
    fault/test_network fault/test_refused flow/test_ends flow/test_large fault/test_kill
    flow/test_commands flow/test_service fault/test_sentinel fault/test_machine
    flow/test_secrets fault/test_http flow/test_recipes fault/test_prepare unit/tools/test_man
    unit/worker/load/test_loader unit/tools/test_dist fault/test_points unit/schema/test_migrate
    unit/model/test_model)
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
    for source in tests/"$1".c tests/"$1"/*.c tests/"$1"/*/*.c tests/"$1"/*/*/*.c; do
        binary=$build/${source%.c}
        [[ $source == */test_*.c ]] && [ -f "$source" ] && [ -x "$binary" ] && echo "$source"
    done
}

has_figures() {
    [[ " ${suites[*]}" == *" tests/figures/"* ]]
}

# A test leaves its database: autovacuum would go through hundreds of them each minute. A figure
# is measured with it.
start_servers() {
    local naptime=1d
    ! has_figures || naptime=1min
    [ ! -f "$servers/env" ] || return 0
    PAGETIDE_TEST_FSYNC=${PAGETIDE_TEST_FSYNC:-off} PAGETIDE_TEST_NAPTIME=$naptime \
        tools/servers.sh start "$servers" || exit 1
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
    local began=$SECONDS
    log=$(log_of "$1")
    if [[ $1 == tests/fault/* ]] && [ -n "${FAULT_SEED:-}" ]; then
        export PAGETIDE_TEST_SEED=${PAGETIDE_TEST_SEED:-$FAULT_SEED}
    fi
    timeout -k 10 "$suite_limit_s" "$build/${1%.c}" >"$log" 2>&1 &
    child=$!
    trap 'kill "$child"' TERM
    wait "$child" 2>/dev/null
    echo "exit $? after $((SECONDS - began)) s" >>"$log"
}

# Adds up Check's lines "100%: Checks: 4, Failures: 0, Errors: 0".
count_suite() {
    local log checks bad code seconds note=
    log=$(log_of "$1")
    read -r checks bad < <(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' \
        "$log" | awk '{checks += $1; bad += $2 + $3} END {print checks + 0, bad + 0}')
    read -r code seconds < <(sed -n '$s/^exit \(.*\) after \(.*\) s$/\1 \2/p' "$log")
    if [ "$bad" = 0 ] && { [ "$code" != 0 ] || [ "$checks" = 0 ]; }; then
        bad=1
        checks=$((checks + 1))
        note=", exit status ${code:-unknown}"
        [ "$code" != 124 ] && [ "$code" != 137 ] || note=", not done after $suite_limit_s s"
    fi
    passed=$((passed + checks - bad))
    failed=$((failed + bad))
    printf '%-44s %4d passed %4d failed %5s s%s\n' "${1%.c}" $((checks - bad)) "$bad" \
        "${seconds:-?}" "$note"
    sed -n 's/^figure\t\(.*\)\t\(.*\)\t\(.*\)\t\(.*\)$/    \1: \2 \3 (\4)/p' "$log"
    [ "$bad" = 0 ] || sed -e '$d' -e 's/^/    /' "$log" | tail -n 60
}

declare -A suite_of=() # pid → suite, of those that run

await_one() {
    local pid
    wait -n -p pid
    count_suite "${suite_of[$pid]}"
    unset "suite_of[$pid]"
}

# In the background also where it is one alone: only then an interrupt is heard at once.
run_suites() {
    local suite
    for suite in "${suites[@]}"; do
        run_suite "$suite" &
        suite_of[$!]=$suite
        [ ${#suite_of[@]} -lt "$at_a_time" ] || await_one
    done
    while [ ${#suite_of[@]} -gt 0 ]; do
        await_one
    done
}

# The longest first, so that none is left to run alone at the end.
sort_suites() {
    local name suite
    for name in "${long[@]}"; do
        for suite; do
            [ "$suite" != "tests/$name.c" ] || echo "$suite"
        done
    done
    for suite; do
        name=${suite#tests/}
        [[ " ${long[*]} " == *" ${name%.c} "* ]] || echo "$suite"
    done
}

export PAGETIDE_BUILD=$build
# Limits end what hangs, not what is slow.
export CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-3}
mapfile -t suites < <(for kind; do list_suites "$kind"; done)
mapfile -t suites < <(sort_suites "${suites[@]}")
! has_figures || at_a_time=1 # nothing else runs while one is measured
if grep -qE 'support/(servers|stand|pagetide)\.h"' "${suites[@]}" /dev/null; then
    start_servers
fi
run_suites
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
