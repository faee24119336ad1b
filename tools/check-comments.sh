#!/usr/bin/env bash
# Comments have one shape: a comment of one line ends on that line, never with a `*/` alone on
# the next, and a ruler between sections is exactly `/* --- name --- */`. Folders may be named.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
[ $# -gt 0 ] || set -- .

# shellcheck disable=SC2016 # awk's own $0
git ls-files "${@/%//*.c}" "${@/%//*.h}" | xargs awk '
    function complain(what) { print FILENAME ":" FNR ": " what; bad = 1 }
    FNR == 1 { before = "" }
    /^[ \t]*\*\/[ \t]*$/ && before ~ /\/\*./ && before !~ /\*\// {
        complain("*/ belongs at the end of the line above")
    }
    /^[ \t]*\/\* *[-=*~#][-=*~#]+([ \t\/]|$)/ && !/^\/\* --- [^ -].*[^ -] --- \*\/$/ {
        complain("a ruler is /* --- name --- */")
    }
    { before = $0 }
    END { exit bad }'
