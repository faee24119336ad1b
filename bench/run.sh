#!/usr/bin/env bash
# Rows/s of `pagetide sync` beside `psql \copy` of the same records: bench/run.sh build/release
#
# 1,000 pages of 100 one-kilobyte records from the mock API into a fresh table, appended; the
# same rows in the same order by \copy from a text file into a table of the same definition.
# The two take turns; each table is compared by count and checksum, order included. sync's time
# is that of the whole command: fetching, and the mock's work on the same machine, are in it.
# PAGES=1000 PER_PAGE=100 ROUNDS=5 in the environment change the size. Private servers, under
# build/bench; PostgreSQL has fsync on.
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

pages=${PAGES:-1000}
per_page=${PER_PAGE:-100}
rounds=${ROUNDS:-5}
rows=$((pages * per_page))

# Everything but the columns that tell of the run, by position.
sum_of() {
    sql -c "select count(*) || ' ' || sum(hashtextextended(t.line, t.at)) from (
        select row_number() over (order by ctid) as at,
            (to_jsonb(r) - '{_pt_run,_pt_at,_pt_hash,_pt_aside}'::text[])::text as line
        from $1 r) t"
}

# Both begin with an empty table and a server that has nothing left to write.
turn_sync() {
    sql -c "drop table if exists bench.records" -c checkpoint
    seconds_of "$build/pagetide" sync bench.records -c "$dir" --log-level error
}

turn_copy() {
    sql -c "drop table if exists bench.copied" -c "create table bench.copied (like bench.model including all)" \
        -c checkpoint
    seconds_of psql -X -q -v ON_ERROR_STOP=1 -c "\\copy bench.copied from '$dir/rows.txt'"
}

compare() {
    local synced copied
    synced=$(sum_of bench.records)
    copied=$(sum_of bench.copied)
    if [ "$synced" != "$copied" ] || [ "${synced%% *}" != "$rows" ]; then
        echo "bench: the tables differ: $synced, $copied" >&2
        exit 1
    fi
}

start <<END
streams:
  records:
    path: /gen/page
    params: {total: $rows, per_page: $per_page, record_bytes: 1024}
    pagination: {type: page, total_pages_path: pages}
    merge_path: data
END
turn_sync >/dev/null
sql -c "create table bench.model (like bench.records including all)"
sql -c "\\copy (select * from bench.records order by ctid) to '$dir/rows.txt'"
for round in $(seq "$rounds"); do
    turn_sync >>"$dir/sync.s"
    turn_copy >>"$dir/copy.s"
    compare
    echo "round $round: sync $(tail -n 1 "$dir/sync.s") s, copy $(tail -n 1 "$dir/copy.s") s, checksums equal"
done
awk -v rows="$rows" -v pages="$pages" -v sync="$(median <"$dir/sync.s")" -v copy="$(median <"$dir/copy.s")" 'BEGIN {
    printf "%d rows of %d pages, medians of the rounds:\n", rows, pages
    printf "pagetide sync %8d rows/s\n", rows / sync
    printf "psql \\copy    %8d rows/s\n", rows / copy
    printf "ratio %.2f\n", copy / sync
}'
