#!/usr/bin/env bash
# No two modules need each other: lists circles between object files, by the symbols that each
# defines and each lacks. A call through a function pointer is no need. Builds what it reads:
# check-circles.sh [FOLDER…]; without folders, those that are free of circles and stay so.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

clean=(lib/base lib/port lib/core lib/core/expr config schema scheduler cli
    worker/records worker/rows worker/load worker/access)

build=build/${FLAVOUR:-release}
[ $# -gt 0 ] || set -- "${clean[@]}"
make -s "$build/pagetide" >/dev/null || exit 2

# An object whose source is gone is a leftover of an older build.
objects=()
for folder in "$@"; do
    for source in "${folder%/}"/*.c; do
        [ ! -f "$build/${source%.c}.o" ] || objects+=("$build/${source%.c}.o")
    done
done
[ ${#objects[@]} -gt 0 ] || { echo "no objects under $build for: $*" >&2; exit 2; }

# One line `USER PROVIDER` for each pair of modules; tsort then names the circles.
needs() {
    nm -A -g "${objects[@]}" | awk -v build="$build/" '
        { at = index($0, ".o:"); module = substr($0, 1, at - 1); sub(build, "", module) }
        $(NF - 1) == "U" { lacks[module, $NF] = 1; next }
        { provider[$NF] = module }
        END {
            for (pair in lacks) {
                split(pair, part, SUBSEP)
                if (part[2] in provider && provider[part[2]] != part[1])
                    print part[1], provider[part[2]]
            }
        }' | sort -u
}

circles=$(needs | tsort 2>&1 >/dev/null | sed 's/^tsort: //; s/^-: .*/circle:/')
[ -z "$circles" ] || { echo "$circles" >&2; exit 1; }
