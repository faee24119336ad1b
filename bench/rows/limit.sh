# shellcheck shell=bash
# shellcheck disable=SC2154 # set by run.sh
# How well a rate is kept that eight workers share, through a Redis that is emptied and restarted.

start_limit_redis() {
    redis-server --port "$limit_port" --save '' --appendonly no --bind 127.0.0.1 \
        --dir "$dir" --logfile "$dir/limit-redis.log" >/dev/null &
    limit_redis=$!
    pids+=("$limit_redis")
    await "Redis of the limit" redis-cli -p "$limit_port" ping
}

define_limit() {
    start_mock
    define limit "$mock_url" <<END
rate_limit: 10/s
streams:
  typed:
    path: /gen/page
    params: {total: 100000, per_page: 10, from: "{{ partition.n * 100000 }}"}
    partitions: [$(seq -f '{n: %.0f}' -s ', ' 16)]
    pagination: {type: page, total_pages_path: pages}
    merge_path: data
END
}

limit_requests() {
    curl -s "$mock_url/_mock/count?url=/gen/page" | jq .count
}

# Sets limit_count to the requests of about a minute, and limit_due to how many there should be.
measure_limit() {
    local url=redis://127.0.0.1:$limit_port before began workers=()
    PAGETIDE_REDIS_URL=$url "$build/pagetide" scheduler -c "$dir" --http off 2>"$dir/limit.log" &
    workers+=($!)
    for _ in 1 2 3 4 5 6 7 8; do
        PAGETIDE_REDIS_URL=$url "$build/pagetide" worker -c "$dir" --jobs 2 --http off 2>>"$dir/limit.log" &
        workers+=($!)
    done
    pids+=("${workers[@]}")
    await "the definition" grep -q config.applied "$dir/limit.log"
    PAGETIDE_REDIS_URL=$url "$build/pagetide" reload limit.typed -c "$dir" >/dev/null
    sleep 15
    before=$(limit_requests) began=$(date +%s.%N)
    sleep 20
    redis-cli -p "$limit_port" flushall >/dev/null
    sleep 10
    kill -9 "$limit_redis"
    wait "$limit_redis" || true
    sleep 2
    start_limit_redis
    sleep 28
    limit_count=$(($(limit_requests) - before))
    limit_due=$(calc "($(date +%s.%N) - $began) * 10")
    kill "${workers[@]}"
    wait "${workers[@]}" || true
}

group_limit() {
    limit_port=$((20000 + RANDOM % 12000))
    start_limit_redis
    define_limit
    measure_limit
    local beyond
    beyond=$(calc "($limit_count / $limit_due - 1) * 100")
    result limit-over "$(calc "($beyond > 0 ? $beyond : 0)")" requests sent "$limit_count" allowed "$limit_due"
    result limit-under "$(calc "($beyond < 0 ? -($beyond) : 0)")" requests sent "$limit_count" allowed "$limit_due"
}
