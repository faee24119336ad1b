# shellcheck shell=bash
# shellcheck disable=SC2154 # set by run.sh
# What the queue, the ledger and many small jobs cost.

seconds_of_last_run() {
    sql -c "select extract(epoch from finished_at - started_at) from pagetide.run
        where stream = '$1' order by id desc limit 1"
}

start_up() {
    "$build/pagetide" up -c "$dir" --http off --connections 1 2>"$dir/up.log" &
    up_pid=$!
    pids+=("$up_pid")
    await "pagetide up" grep -q config.applied "$dir/up.log"
}

# The same run by a worker that has leased it, and by sync, which has no queue; as the ledger timed both.
group_queue() {
    define_load
    make_truth
    start_up
    for _ in $(seq "$rounds"); do
        turn_fresh queue_none load.typed
        seconds_of_last_run load.typed >>"$dir/m/by_sync"
        sql -c "drop table load.typed" -c checkpoint
        "$build/pagetide" reload load.typed --wait -c "$dir" --log-level error >/dev/null
        seconds_of_last_run load.typed >>"$dir/m/by_up"
        compare_load load.typed
    done
    kill "$up_pid"
    wait "$up_pid" || true
    versus queue by_up "pagetide up" by_sync "pagetide sync"
}

group_commit() {
    local ms
    ms=$(sql -v marks=100 -v per_page=100 -v rounds="$commit_rounds" -f bench/commit.sql)
    result commit "${ms% *}" "ms a batch" "100 marks, 10,000 keys" "${ms% *}" "reading the message" "${ms#* }"
}

# Sets took_NAME to the median of what the driver prints.
measure_queue() {
    local name
    [ ! -s "$dir/m/queue" ] || return 0
    for _ in $(seq "$rounds"); do
        redis-cli -p "$REDIS_PORT" flushall >/dev/null
        "$build/bench/queue" "$PAGETIDE_REDIS_URL" "$jobs" >>"$dir/m/queue"
    done
    for name in enqueue lease noop; do
        sed -n "s/^$name //p" "$dir/m/queue" >"$dir/m/queue_$name"
    done
}

group_noop() {
    measure_queue
    result noop "$(calc "1e6 * $(wall queue_noop) / $jobs")" "µs a job" "lease and done" \
        "$(calc "1e6 * $(wall queue_noop) / $jobs")"
}

group_lease() {
    measure_queue
    result lease "$(calc "$jobs / $(wall queue_lease)")" "jobs/s" leased "$(calc "$jobs / $(wall queue_lease)")"
}

group_enqueue() {
    measure_queue
    result enqueue "$(calc "$jobs / $(wall queue_enqueue)")" "jobs/s" enqueued \
        "$(calc "$jobs / $(wall queue_enqueue)")"
}

# One page of ten records for each partition.
define_partitions() {
    gen json 1 $((partitions * 10)) 10 parts
    define parts <<END
streams:
  typed:
    path: /parts
    params: {page: "{{ partition.n }}"}
    pagination: {type: none}
    merge_path: data
    columns: {$columns}
    partitions: [$(seq -f '{n: %.0f}' -s ', ' "$partitions")]
END
}

group_partitions() {
    local name
    define_partitions
    for _ in $(seq "$rounds"); do
        turn_fresh parts_shared parts.typed
        turn_fresh parts_alone parts.typed --batch-records 1
        [ "$(sql -c "select count(distinct id) from parts.typed")" = $((partitions * 10)) ] ||
            fail "parts.typed does not hold each record"
    done
    result partitions "$(calc "$(wall parts_alone) / $(wall parts_shared)")" "partitions/s" \
        "shared commits" "$(calc "$partitions / $(wall parts_shared)")" \
        "one commit a page" "$(calc "$partitions / $(wall parts_alone)")"
}
