#!/usr/bin/env bash
# What the end of a batch costs PostgreSQL: bench/commit.sh build/release
#
# pagetide.commit_batch of a batch of pages without rows to merge, as an upsert of unchanged records
# leaves them, with the hashes of their keys: locks, verdicts, ledger, checkpoint. Milliseconds of a
# processor of the session, and the least that the clock shows; other work on the machine disturbs
# the first little, and the second not at all. A private server, under build/bench.
# MARKS=100 PER_PAGE=100 ROUNDS=200 in the environment change the size.
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

marks=${MARKS:-100}
per_page=${PER_PAGE:-100}
rounds=${ROUNDS:-200}

start <<END
streams:
  records: {path: /x, merge_path: data, write: upsert, key: id}
END
"$build/pagetide" migrate -c "$dir" --log-level error >/dev/null
sql -v marks="$marks" -v per_page="$per_page" -v rounds="$rounds" -f bench/commit.sql
