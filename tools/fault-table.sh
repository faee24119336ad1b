#!/usr/bin/env bash
# The table of what the fault suites did, from their logs: fault-table.sh build/release
#
# A line of a log is "fault", the numbers of docs/reliability.md, the fault, what was done, rows
# lost, rows doubled, and pages fetched again, between tabs (tests/support/fault.h).
set -euo pipefail

if [ $# != 1 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
logs=$1/test-logs

lines() {
    local log suite
    for log in "$logs"/fault-*.log; do
        suite=${log##*/fault-test_}
        sed -n "s/^fault\t/${suite%.log}\t/p" "$log"
    done | sort -t $'\t' -k 2,2V
}

found=$(lines)
[ -n "$found" ] || exit 0
echo
echo "What was done, and what came of it (numbers: docs/reliability.md; seeds: $logs)"
echo
awk -F '\t' '
BEGIN { printf "%-7s %-12s %5s %8s %6s  %s\n", "fault", "suite", "lost", "doubled", "again", "what" }
{ printf "%-7s %-12s %5s %8s %6s  %s: %s\n", $2, $1, $5, $6, $7, $3, $4
  if ($5 != "-") { lost += $5; doubled += $6 } }
END { printf "\n%d faults: %d rows lost, %d doubled\n", NR, lost, doubled }' <<<"$found"
