#!/usr/bin/env bash
# Suites whose program runs under valgrind's memcheck: valgrind.sh build/valgrind fault|fault/test_NAME...
#
# Their own checks count as in tools/run-tests.sh, and so does what memcheck says of any process:
# a wrong read, write or free, a decision on what nobody has written, memory that nobody points to
# at the end, a descriptor that it opened and did not close. A process that is killed says what it
# has found until then. All of it stands in build/valgrind/memcheck/PID.txt.
set -uo pipefail

if [ $# -lt 2 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
cd "$(dirname "$0")/.." || exit 2
build=$1
logs=$PWD/$build/memcheck
rm -rf "$logs"
mkdir -p "$logs"

options=(-q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite
    --errors-for-leak-kinds=definite --track-fds=yes --num-callers=30 --fair-sched=try)
export PAGETIDE_TEST_UNDER="valgrind ${options[*]} '--log-file=$logs/%p.txt'"
# A program is some twenty times as slow.
export AT_A_TIME=${AT_A_TIME:-2} CK_TIMEOUT_MULTIPLIER=10 SUITE_LIMIT_S=${SUITE_LIMIT_S:-3600}
tools/run-tests.sh "$@"
status=$?

processes=$(find "$logs" -name '*.txt' | wc -l)
found=$(find "$logs" -name '*.txt' -size +0 -print0 | sort -z | xargs -0 -r awk -f tools/memcheck.awk)
echo "$processes processes under memcheck, $(cut -d: -f1 <<<"$found" | sort -u | grep -c .) with a finding"
[ -z "$found" ] || echo "$found"
[ "$status" = 0 ] && [ "$processes" -gt 0 ] && [ -z "$found" ]
