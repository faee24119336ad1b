#!/usr/bin/env bash
# pipelinewise-target-postgres 2.1.2 into PostgreSQL 16.2 (PyPI; pgserver 0.1.4 is a wheel that
# carries the server's programs).
#
# Setting: a Singer stream whose key is two fields, as with labels of a repository. Both are text,
# and may have a comma: ("a,b", "c") and ("a", "b,c") are two labels.
#
# A good guess: three records of three keys are three rows. The target makes the table with
# PRIMARY KEY (owner, name), and to PostgreSQL the keys are as different as any.
#
# Seen: two rows. Before the load, the records of a batch are kept under their key, and that is
# the fields joined by commas. The later record takes the place of the earlier one, the log
# counts two rows, the exit code is 0, and the state is given out as if all three were stored.
# With a batch of its own for each record there are three rows.
#
# Join the parts of a key with their lengths, or do not join them.
set -euo pipefail

dir=$(mktemp -d)
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
    pgserver==0.1.4 pipelinewise-target-postgres==2.1.2
bin=$(dirname "$(find "$dir/venv" -type f -name initdb)")
as=()
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
    chown -R nobody "$dir"
    as=(setpriv --reuid=nobody --clear-groups)
fi
"${as[@]}" "$bin/initdb" -D "$dir/data" -U me -A trust >/dev/null
"${as[@]}" "$bin/pg_ctl" -w -D "$dir/data" -l "$dir/log" \
    -o "-c listen_addresses='' -k $dir" start >/dev/null

cat >"$dir/stream" <<'END'
{"type": "SCHEMA", "stream": "labels", "key_properties": ["owner", "name"], "schema": {"type": "object", "properties": {"owner": {"type": "string"}, "name": {"type": "string"}, "colour": {"type": "string"}}}}
{"type": "RECORD", "stream": "labels", "record": {"owner": "a", "name": "b", "colour": "red"}}
{"type": "RECORD", "stream": "labels", "record": {"owner": "a,b", "name": "c", "colour": "green"}}
{"type": "RECORD", "stream": "labels", "record": {"owner": "a", "name": "b,c", "colour": "blue"}}
{"type": "STATE", "value": {"labels": 3}}
END
load() { # rows a batch
    echo "batches of $1:"
    cat >"$dir/config.json" <<END
{"host": "$dir", "port": 5432, "user": "me", "password": "none", "dbname": "postgres",
 "default_target_schema": "batch$1", "batch_size_rows": $1}
END
    "$dir/venv/bin/target-postgres" --config "$dir/config.json" <"$dir/stream" 2>/dev/null
    "$bin/psql" -X -q -A -t -F ' | ' -h "$dir" -U me -d postgres \
        -c "select owner, name, colour from batch$1.labels order by colour desc"
}
{
    "$dir/venv/bin/pip" list --disable-pip-version-check 2>/dev/null | awk '/target/ { print $1, $2 }'
    load 100
    load 1
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
pipelinewise-target-postgres 2.1.2
batches of 100:
{"labels": 3}
a | b | red
a | b,c | blue
batches of 1:
{"labels": 3}
a | b | red
a,b | c | green
a | b,c | blue
END
echo "as seen"
