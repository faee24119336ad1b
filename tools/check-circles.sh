#!/usr/bin/env bash
# No module needs itself through another: lists circles between object files, by the symbols
# that each defines and each lacks. A call through a function pointer counts for nothing. Builds
# what it reads. `check-circles.sh FOLDER…` looks at these alone; without folders, at all.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

all=(lib/base lib/port lib/core lib/core/expr config schema worker worker/records worker/values worker/rows
    worker/load worker/access worker/pace worker/signs worker/paging worker/exchange worker/crawl scheduler web cli)

# The one allowed: the job's machine calls its steps, and a step ends by calling the machine.
machine='^worker/crawl/(crawl|legs|step|next|count|prepare)$'

build=build/${FLAVOUR:-release}
[ $# -gt 0 ] || set -- "${all[@]}"
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
    nm -A -g "${objects[@]}" | awk -v build="$build/" -v machine="$machine" '
        { at = index($0, ".o:"); module = substr($0, 1, at - 1); sub(build, "", module) }
        $(NF - 1) == "U" { lacks[module, $NF] = 1; next }
        { provider[$NF] = module }
        END {
            for (pair in lacks) {
                split(pair, part, SUBSEP)
                other = provider[part[2]]
                if (other == "" || other == part[1] || (part[1] ~ machine && other ~ machine))
                    continue
                print part[1], other
            }
        }' | sort -u
}

circles=$(needs | tsort 2>&1 >/dev/null | sed 's/^tsort: //; s/^-: .*/circle:/')
[ -z "$circles" ] || { echo "$circles" >&2; exit 1; }
