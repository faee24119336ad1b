# shellcheck shell=bash
# shellcheck disable=SC2154 # set by run.sh
# The most memory that a process has had.

# Eight jobs; the mock API makes their records.
define_memory() {
    start_mock
    define memory "$mock_url" <<END
defaults:
  pagination: {type: page, total_pages_path: pages}
  merge_path: data
  partitions: [{n: 1}, {n: 2}, {n: 3}, {n: 4}, {n: 5}, {n: 6}, {n: 7}, {n: 8}]
streams:
  few:
    path: /gen/page
    params: {seed: "{{ partition.n }}", total: 10000, per_page: 1000, record_bytes: 850}
  many:
    path: /gen/page
    params: {seed: "{{ partition.n }}", total: $((many_pages * 10 / 8)), per_page: 10}
END
}

# A page of 100 MB.
define_page() {
    gen json 1 162000 162000 page
    define page <<END
streams:
  typed: {path: /page, pagination: {type: page, total_pages_path: pages}, merge_path: data, columns: {$columns}}
END
}

group_memory() {
    define_memory
    define_page
    for _ in $(seq "$rounds"); do
        turn_fresh memory_10 memory.few --connections 2
        turn_fresh memory_page page.typed
    done
    turn_fresh memory_many memory.many --connections 2
    [ "$(sql -c "select count(*) from memory.many")" = $((many_pages * 10)) ] || fail "memory.many lacks records"
    result memory-10 "$(memory memory_10)" MB "80 pages" "$(memory memory_10)"
    result memory-many "$(memory memory_many)" MB "$many_pages pages" "$(memory memory_many)"
    result memory-page "$(memory memory_page)" MB "one page" "$(memory memory_page)"
}
