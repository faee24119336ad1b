#!/usr/bin/env bash
# Fuzzes each target, one after another: fuzz.sh SECONDS [TARGET…]
#
# Begins with the kept corpus (tests/fuzz/corpus/TARGET.txt, unpacked under build/fuzz/kept), the
# cases of tests/tables and what earlier runs found under build/fuzz/corpus; a finding stops the
# target, is kept under build/fuzz/findings and fails the whole. To keep a finding, add it to
# TARGET.txt as a block `=== found-NAME: what was wrong` (tests/fuzz/corpus.h has the notation). FUZZ_KEEP=1 rewrites
# the rest of TARGET.txt afterwards: the smallest inputs that reach all that the tables do not,
# at most 60 of 4 KiB.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

seconds=${1:-60}
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(basename -s .txt tests/fuzz/corpus/*.txt)
build=build/fuzz
mkdir -p $build/findings
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=0 UBSAN_OPTIONS=print_stacktrace=1
failed=()

unpack() {
    rm -rf "$build/kept/$1" "$build/tables/$1"
    mkdir -p "$build/kept/$1" "$build/tables/$1"
    "$build/pack" unpack "tests/fuzz/corpus/$1.txt" "$build/kept/$1" &&
        "$build/pack" seeds "$1" "$build/tables/$1"
}

keep() {
    local target=$1 fresh=$build/fresh/$1 chosen=$build/chosen/$1
    rm -rf "$fresh" "$chosen"
    mkdir -p "$build/fresh" "$chosen"
    cp -r "$build/tables/$target" "$fresh"
    "$build/fuzz_$target" -set_cover_merge=1 -max_len=4096 "$fresh" "$build/kept/$target" \
        "$build/corpus/$target" 2>"$build/merge.$target.log" || return
    find "$fresh" -type f ! -name 'table-*' -printf '%s %p\n' | sort -rn | head -60 | cut -d' ' -f2- |
        xargs -r cp -t "$chosen"
    "$build/pack" pack "$chosen" "tests/fuzz/corpus/$target.txt"
}

for target in "${targets[@]}"; do
    mkdir -p "$build/corpus/$target"
    ln -sf fuzz "$build/fuzz_$target"
    unpack "$target" || exit 2
    flags=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 -verbosity=0
        -print_final_stats=1 -artifact_prefix="$build/findings/$target-")
    if "$build/fuzz_$target" "${flags[@]}" "$build/corpus/$target" \
        "$build/kept/$target" "$build/tables/$target" >"$build/$target.log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log")
        printf '%-12s %10s runs, no finding\n' "$target" "$runs"
    else
        failed+=("$target")
        printf '%-12s a finding:\n' "$target"
        tail -n 40 "$build/$target.log" | sed 's/^/    /'
    fi
    [ -z "${FUZZ_KEEP:-}" ] || keep "$target"
done
echo "${#targets[@]} targets, ${#failed[@]} with a finding"
[ ${#failed[@]} -eq 0 ]
