# shellcheck shell=bash
# shellcheck disable=SC2154 # set by run.sh
# Loads into a fresh table. Sourced by ../run.sh, as the others of this folder: group_NAME measures the
# rows NAME and NAME-….

define_load() {
    local size
    for size in 1000 100; do
        gen json 1 "$records" "$size" "p$size"
    done
    gen T 1 "$records" 1000 T
    gen J 1 "$records" 1000 J
    define load <<END
defaults: {pagination: {type: page, total_pages_path: pages}, merge_path: data}
streams:
  typed: {path: /p1000, columns: {$columns}}
  typed_100: {path: /p100, columns: {$columns}}
  jsonb: {path: /p1000, columns: none}
  jsonb_100: {path: /p100, columns: none}
  infer: {path: /p1000}
  infer_100: {path: /p100}
END
}

# What all tables are compared with. jsonb has no place for the order of keys.
make_truth() {
    local kind
    for kind in J T; do
        make_copied "$kind" "truth_$kind"
        sql -c "\\copy bench.truth_$kind from '$dir/api/$kind'"
    done
}

# kind_of STREAM: what \copy is measured beside it, and what its table must be equal to.
base_of() {
    case $1 in *typed*) echo T ;; *) echo J ;; esac
}

compare_load() {
    case $1 in
    *jsonb*) same "$1" bench.truth_J record ;;
    *) same "$1" bench.truth_T "${fields// /, }" ;;
    esac
}

group_append() {
    local stream
    define_load
    make_truth
    for stream in typed typed_100 jsonb jsonb_100 infer infer_100; do
        for _ in $(seq "$rounds"); do
            turn_copy "copy_$stream" "$(base_of $stream)"
            turn_fresh "$stream" "load.$stream"
            compare_load "load.$stream"
        done
        versus "append-${stream/_/-}" "$stream" "pagetide sync" "copy_$stream" "psql \\copy"
    done
}

group_cpu() {
    define_load
    [ -s "$dir/m/typed" ] || for _ in $(seq "$rounds"); do
        turn_fresh typed load.typed
    done
    result cpu "$(calc "1e6 * $(cpu typed) / $records")" "µs a record" \
        "pages of 1,000" "$(calc "1e6 * $(cpu typed) / $records")"
}

# Two streams of half of the pages each, by two processes; or one stream of two jobs, by two sessions.
define_two() {
    local half=$((records / 2))
    define_load
    gen json 1 "$half" 1000 half1
    gen json $((half + 1)) "$half" 1000 half2
    define two <<END
defaults: {pagination: {type: page, total_pages_path: pages}, merge_path: data}
streams:
  typed_1: {path: /half1, columns: {$columns}}
  typed_2: {path: /half2, columns: {$columns}}
  jsonb_1: {path: /half1, columns: none}
  jsonb_2: {path: /half2, columns: none}
  typed: {path: "/half{{ partition.n }}", partitions: [{n: 1}, {n: 2}], columns: {$columns}}
  jsonb: {path: "/half{{ partition.n }}", partitions: [{n: 1}, {n: 2}], columns: none}
END
}

sync_both() {
    local kind=$1 pid
    "$build/pagetide" sync "two.${kind}_1" -c "$dir" --connections 1 --log-level error &
    pid=$!
    "$build/pagetide" sync "two.${kind}_2" -c "$dir" --connections 1 --log-level error && wait "$pid"
}
export -f sync_both

turn_two() {
    sql -c "drop table if exists two.$1_1, two.$1_2" -c checkpoint
    build=$build dir=$dir measure "two_$1" bash -c "sync_both $1"
    sql -c "create or replace view bench.both_$1 as select * from two.$1_1 union all select * from two.$1_2"
    compare_load "bench.both_$1"
    sql -c "drop view bench.both_$1"
}

group_two() {
    local kind
    define_two
    make_truth
    for kind in typed jsonb; do
        for _ in $(seq "$rounds"); do
            turn_copy "copy_two_$kind" "$(base_of $kind)"
            turn_two "$kind"
        done
        versus "two-$kind" "two_$kind" "2 × pagetide sync" "copy_two_$kind" "psql \\copy"
    done
}

group_sessions() {
    local kind
    define_two
    make_truth
    for kind in typed jsonb; do
        for _ in $(seq "$rounds"); do
            turn_copy "copy_sessions_$kind" "$(base_of $kind)"
            turn_fresh "sessions_$kind" "two.$kind" --connections 2
            compare_load "two.$kind"
        done
        versus "sessions-$kind" "sessions_$kind" "pagetide sync" "copy_sessions_$kind" "psql \\copy"
    done
}

# The records before which others are measured have one that is not taken in every thousand.
group_bad() {
    define_load
    gen json 1 "$records" 1000 bad bad
    define bad <<END
defaults: {pagination: {type: page, total_pages_path: pages}, merge_path: data, on_mismatch: reject}
streams:
  clean: {path: /p1000, columns: {$columns}}
  bad: {path: /bad, columns: {$columns}}
END
    for _ in $(seq "$rounds"); do
        turn_fresh clean bad.clean
        turn_fresh bad bad.bad
        [ "$(sql -c "select count(*) from bad.bad")" = $((records - records / 1000)) ] ||
            fail "bad.bad holds other records than the good ones"
    done
    versus bad bad "0.1 % rejected" clean "none rejected"
}
