#!/usr/bin/env bash
# What `parallel` brings where the API takes long: bench/parallel.sh build/release
#
# 1,000 pages of 100 records from a mock API that takes 50 ms for each page, with 1, 16 and 64
# requests in flight, in turns, each into a fresh table. Medians of the rounds, of the whole command.
# PAGES=1000 PER_PAGE=100 DELAY_MS=50 ROUNDS=3 in the environment change the size.
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

pages=${PAGES:-1000}
per_page=${PER_PAGE:-100}
delay_ms=${DELAY_MS:-50}
rounds=${ROUNDS:-3}
rows=$((pages * per_page))
widths="1 16 64"

streams() {
    cat <<END
defaults:
  path: /gen/page
  params: {total: $rows, per_page: $per_page}
  merge_path: data
streams:
END
    for width in $widths; do
        echo "  p$width: {pagination: {type: page, total_pages_path: pages, parallel: $width}}"
    done
}

turn() {
    sql -c "drop table if exists bench.p$1" -c checkpoint
    seconds_of "$build/pagetide" sync "bench.p$1" -c "$dir" --log-level error >>"$dir/$1.s"
    if [ "$(sql -c "select count(*) || ' ' || count(distinct id) from bench.p$1")" != "$rows $rows" ]; then
        echo "bench: bench.p$1 does not hold each of $rows records once" >&2
        exit 1
    fi
}

start < <(streams)
curl -fsS -X POST "$url/_mock/fault" \
    -d "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": $delay_ms}" >/dev/null
for _ in $(seq "$rounds"); do
    for width in $widths; do
        turn "$width"
    done
done
alone=$(median <"$dir/1.s")
echo "$pages pages of $per_page records, $delay_ms ms each, medians of $rounds rounds:"
for width in $widths; do
    awk -v width="$width" -v s="$(median <"$dir/$width.s")" -v alone="$alone" 'BEGIN {
        printf "parallel: %-3d %7.2f s   %5.1f times as fast\n", width, s, alone / s }'
done
