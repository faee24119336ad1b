# shellcheck shell=bash
# shellcheck disable=SC2154 # set by run.sh
# Loads into a table that holds the records already.

define_keyed() {
    define_load
    gen json 1 "$records" 1000 changed changed
    gen T 1 "$records" 1000 T_changed changed
    gen J 1 "$records" 1000 J_changed changed
    define keyed <<END
defaults: {pagination: {type: page, total_pages_path: pages}, merge_path: data}
streams:
  append_typed: {path: /p1000, columns: {$columns}}
  append_jsonb: {path: /p1000, columns: none}
  typed: {path: /now, key: id, write: upsert, columns: {$columns}}
  jsonb: {path: /now, key: id, write: upsert, columns: none}
  replaced: {path: /now, key: id, write: replace, columns: none}
END
    show p1000
}

# What the API has now: p1000 or changed.
show() {
    ln -sfn "$1" "$dir/api/now"
}

make_truth_changed() {
    make_truth
    make_copied T truth_changed
    sql -c "\\copy bench.truth_changed from '$dir/api/T_changed'"
}

wal_of() {
    local before
    before=$(sql -c checkpoint -c "select pg_current_wal_lsn()")
    "$@"
    sql -c "select pg_current_wal_lsn() - '$before'"
}

compare_changed() {
    if [ "$1" = typed ]; then
        same keyed.typed bench.truth_changed "${fields// /, }"
    else
        same "(select (record->>'id')::bigint as id, record->>'status' as status from keyed.jsonb) j" \
            bench.truth_changed "id, status"
    fi
}

turn_upsert() {
    local kind=$1
    turn_copy "copy_upsert_$kind" J
    turn_fresh "append_$kind" "keyed.append_$kind"
    sql -c "drop table if exists keyed.$kind"
    wal_of turn_sync "first_$kind" "keyed.$kind" >>"$dir/m/wal_first_$kind"
    compare_load "keyed.$kind"
    wal_of turn_sync "same_$kind" "keyed.$kind" >>"$dir/m/wal_same_$kind"
    compare_load "keyed.$kind"
    show changed
    turn_sync "changed_$kind" "keyed.$kind"
    show p1000
    compare_changed "$kind"
}

group_upsert() {
    local kind first same
    define_keyed
    make_truth_changed
    for kind in typed jsonb; do
        for _ in $(seq "$rounds"); do
            turn_upsert "$kind"
        done
        versus "upsert-first-$kind" "first_$kind" "upsert" "append_$kind" "append"
        versus "upsert-same-$kind" "same_$kind" "the same again" "copy_upsert_$kind" "psql \\copy"
        versus "upsert-1pc-$kind" "changed_$kind" "1 % changed" "copy_upsert_$kind" "psql \\copy"
    done
    first=$(median <"$dir/m/wal_first_typed")
    same=$(median <"$dir/m/wal_same_typed")
    result upsert-wal "$(calc "100 * $same / $first")" "MB of WAL" \
        "the same again" "$(calc "$same / 1e6")" "first load" "$(calc "$first / 1e6")"
}

group_replace() {
    define_keyed
    make_truth
    turn_fresh replace_first keyed.replaced
    for _ in $(seq "$rounds"); do
        turn_copy copy_replace J
        turn_sync replaced keyed.replaced
        same keyed.replaced bench.truth_J record
    done
    versus replace-same replaced "replace" copy_replace "psql \\copy"
}
