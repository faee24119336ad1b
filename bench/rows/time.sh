# shellcheck shell=bash
# shellcheck disable=SC2154 # set by run.sh
# An API that takes 50 ms for each page.

define_slow() {
    gen json 1 $((slow_pages * 100)) 100 late
    define slow <<END
defaults: {path: /slow/late, merge_path: data, columns: {$columns}}
streams:
  p1: {pagination: {type: page, total_pages_path: pages}}
  p16: {pagination: {type: page, total_pages_path: pages, parallel: 16}}
  p64: {pagination: {type: page, total_pages_path: pages, parallel: 64}}
END
}

turn_slow() {
    turn_fresh "slow_$1" "slow.$1"
    [ "$(sql -c "select count(distinct id) from slow.$1")" = $((slow_pages * 100)) ] ||
        fail "slow.$1 does not hold each record"
}

group_latency() {
    define_slow
    for _ in $(seq "$slow_rounds"); do
        measure bare "$build/bench/fetch" "$url/slow/late" "$slow_pages"
        turn_slow p1
    done
    result latency "$(calc "$(wall slow_p1) / $(wall bare)")" "ms a page" \
        "pagetide sync" "$(calc "1000 * $(wall slow_p1) / $slow_pages")" \
        "bare fetch" "$(calc "1000 * $(wall bare) / $slow_pages")"
}

group_parallel() {
    local width
    define_slow
    for _ in $(seq "$slow_rounds"); do
        [ "$(wc -l 2>/dev/null <"$dir/m/slow_p1" || echo 0)" -ge "$slow_rounds" ] || turn_slow p1
        turn_slow p16
        turn_slow p64
    done
    for width in 16 64; do
        result "parallel-$width" "$(calc "$(wall slow_p1) / $(wall slow_p$width)")" "pages/s" \
            "parallel: $width" "$(calc "$slow_pages / $(wall slow_p$width)")" \
            "one at a time" "$(calc "$slow_pages / $(wall slow_p1)")"
    done
}
