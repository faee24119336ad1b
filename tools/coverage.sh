#!/usr/bin/env bash
# Line coverage of the code outside tests, from the counters that gcc's --coverage left in a
# build folder: coverage.sh build/cover. One line a folder, then the whole. With -v before the
# folder, the share of each file too.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

verbose=0
[ "${1:-}" != -v ] || { verbose=1 && shift; }
build=${1:-build/cover}
find "$build" -name '*.gcda' -print -quit 2>/dev/null | grep -q . || {
    echo "coverage: no counters in $build; make coverage writes them" >&2
    exit 1
}

# Counters of sources that are gone are leftovers of an older build.
list_counters() {
    local notes source
    while read -r notes; do
        source=${notes#"$build/"}
        [ ! -f "${source%.gcno}.c" ] || echo "$notes"
    done < <(find "$build" -name '*.gcno' ! -path '*/tests/*' ! -path '*/bench/*')
}

# gcov says "File 'x'" and then "Lines executed:97.5% of 40" (or "No executable lines"). A header
# counts in each of its users, so that only the .c files are added up.
list_counters | xargs -n 1 gcov -n 2>/dev/null |
    awk -v verbose=$verbose '
    /^File / { file = substr($0, 7, length($0) - 7) }
    /^Lines executed:/ && file ~ /\.c$/ && file !~ /^\// {
        split($0, part, /[:% ]+/)
        hit = int(part[3] * part[5] / 100 + 0.5)
        folder = file
        sub(/\/[^\/]*$/, "", folder)
        lines[folder] += part[5]; hits[folder] += hit; all += part[5]; all_hit += hit
        if (verbose)
            printf "%6.1f %%  %5d lines  %s\n", part[3], part[5], file | "sort -k4"
    }
    /^(Lines|No executable)/ { file = "" } # the last such line of an object is its sum
    END {
        close("sort -k4")
        for (folder in lines)
            printf "%6.1f %%  %5d lines  %s\n", 100 * hits[folder] / lines[folder],
                lines[folder], folder | "sort -k4"
        close("sort -k4")
        printf "coverage: %.1f %% of %d lines\n", 100 * all_hit / all, all
    }'
