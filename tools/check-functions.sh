#!/usr/bin/env bash
# Lengths of the functions outside tests, from `{` to `}`: none may be over 80 lines. Prints
# the median and the nine-tenths mark; with -v, lists the functions over 45 lines.
#
# clang-format puts a function's braces in column 1, which is all this needs to know.
set -euo pipefail
cd "$(dirname "$0")/.."

limit=80
# shellcheck disable=SC2016 # awk's own $0
lengths=$(git ls-files '*.c' | grep -v '^tests/' | xargs awk '
    FNR == 1 { name = ""; start = 0 }
    /^[A-Za-z_].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
    /^{$/ { start = FNR }
    /^}$/ && start { print FNR - start + 1, FILENAME ":" start, name; start = 0 }' | sort -n)

[ "${1:-}" != -v ] || awk '$1 > 45' <<<"$lengths"
awk '{ n[NR] = $1 }
    END { printf "functions: %d, median %d lines, 90 %% within %d, longest %d\n", NR,
              n[int((NR + 1) / 2)], n[int(NR * 0.9)], n[NR] }' <<<"$lengths"
awk -v limit=$limit '$1 > limit { print "too long: " $0; bad = 1 } END { exit bad }' <<<"$lengths"
