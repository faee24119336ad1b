#!/usr/bin/env bash
# Sizes, outside tests. A function's length is the number of lines between its braces: none may
# be over 60, and the median at most 12. A folder of worker/ has at most 15 modules (a .c file,
# or a header without one). Prints the median, the nine-tenths mark and the longest; with -v,
# lists the functions over 45 lines.
#
# clang-format puts a function's braces in column 1, which is all this needs to know.
set -euo pipefail
cd "$(dirname "$0")/.."

longest=60
median=12
modules=15
bad=0
# shellcheck disable=SC2016 # awk's own $0
lengths=$(git ls-files '*.c' | grep -v '^tests/' | xargs awk '
    FNR == 1 { name = ""; start = 0 }
    /^[A-Za-z_].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
    /^{$/ { start = FNR }
    /^}$/ && start { print FNR - start - 1, FILENAME ":" start, name; start = 0 }' | sort -n)

[ "${1:-}" != -v ] || awk '$1 > 45' <<<"$lengths"
awk -v longest=$longest -v median=$median '
    { n[NR] = $1 }
    $1 > longest { print "too long: " $0; bad = 1 }
    END {
        middle = n[int((NR + 1) / 2)]
        printf "functions: %d, median %d lines, 90 %% within %d, longest %d\n", NR, middle,
            n[int(NR * 0.9)], n[NR]
        if (middle > median)
            print "the median is over " median " lines"
        exit bad || middle > median
    }' <<<"$lengths" || bad=1

git ls-files 'worker/*.[ch]' | sed 's/\.[ch]$//' | sort -u | xargs -n 1 dirname | sort | uniq -c |
    awk -v modules=$modules '
        $1 > modules { print $2 ": " $1 " modules, of at most " modules; bad = 1 }
        END { exit bad }' || bad=1
exit $bad
