#!/usr/bin/env bash
# Parse Server 9.10.0 (npm) over PostgreSQL 16.2 (PyPI pgserver 0.1.4).
#
# Setting: a class gets 120 objects, and then 60 of them are deleted. A client asks for their number as the
# manual says, by `count=1`, with and without a `where` that each object fits. Autovacuum is off, so that
# nothing happens between two lines.
#
# A good guess: the number of objects that fit. Without `where` that is all of them: 120, then 60.
#
# Seen: without `where` it is what the planner believes the table to hold, pg_class.reltuples: 0 while the
# table was never analyzed, although the same answer brings 100 objects; 120 after ANALYZE, and 120 still
# when half of them are gone. With a `where`, {"objectId": {"$exists": true}}, they are counted.
#
# Who pages until `count` is reached stops before the first page or asks behind the last one. A `where` that all
# fit makes it a count.
set -euo pipefail

dir=$(mktemp -d)
bin='' server=''
stop() {
    [ -z "$server" ] || kill "$server" || true
    [ -z "$bin" ] || "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap stop EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" parse-server@9.10.0
PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$dir/site" pgserver==0.1.4
bin=$(dirname "$(find "$dir/site" -type f -name initdb)")
as=()
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
    chown nobody "$dir"
    chown -R nobody "$dir/site"
    as=(setpriv --reuid=nobody --clear-groups)
fi
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
database=$(free_port)
"${as[@]}" "$bin/initdb" -D "$dir/data" -U me -A trust >/dev/null
"${as[@]}" "$bin/pg_ctl" -w -D "$dir/data" -l "$dir/pg.log" \
    -o "-c listen_addresses=127.0.0.1 -c port=$database -c autovacuum=off -k $dir" start >/dev/null
sql() {
    "$bin/psql" -X -q -A -t -h 127.0.0.1 -p "$database" -U me -d postgres "$@"
}

cat >"$dir/server.cjs" <<'END'
const { createRequire } = require("node:module");
const { ParseServer } = require("parse-server");
const express = createRequire(require.resolve("parse-server"))("express");
const [port, database] = process.argv.slice(2);
const server = new ParseServer({
  databaseURI: `postgres://me@127.0.0.1:${database}/postgres`, appId: "app", masterKey: "master",
  serverURL: `http://127.0.0.1:${port}/parse`, logsFolder: null,
});
server.start().then(() => express().use("/parse", server.app).listen(Number(port), "127.0.0.1"));
END
port=$(free_port)
(cd "$dir" && exec node server.cjs "$port" "$database") >"$dir/log" 2>&1 &
server=$!
for _ in $(seq 600); do
    ! curl -fsS "http://127.0.0.1:$port/parse/health" >/dev/null 2>&1 || break
    sleep 0.2
done

cat >"$dir/ask.py" <<'END'
import json
import sys
import urllib.parse
import urllib.request

base, what = sys.argv[1:]


def send(method, path, value=None):
    request = urllib.request.Request(base + path, None if value is None else json.dumps(value).encode(), {
        "X-Parse-Application-Id": "app", "X-Parse-Master-Key": "master", "Content-Type": "application/json"},
        method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def show(words):
    all_fit = urllib.parse.quote('{"objectId": {"$exists": true}}')
    bare, counted = send("GET", "?count=1"), send("GET", "?count=1&where=" + all_fit)
    print(f"{words}: {len(bare['results'])} objects, count {bare['count']}; "
          f"by where: {len(counted['results'])} objects, count {counted['count']}")


if what == "fill":
    for n in range(120):
        send("POST", "", {"n": n})
if what == "delete":
    for one in send("GET", "?limit=60&order=n")["results"]:
        send("DELETE", "/" + one["objectId"])
show({"fill": "120 are made", "analyze": "analyzed", "delete": "60 are deleted"}[what])
END
ask() {
    python3 "$dir/ask.py" "http://127.0.0.1:$port/parse/classes/Part" "$1"
}
{
    ask fill
    sql -c 'analyze'
    ask analyze
    ask delete
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
120 are made: 100 objects, count 0; by where: 100 objects, count 120
analyzed: 100 objects, count 120; by where: 100 objects, count 120
60 are deleted: 60 objects, count 120; by where: 60 objects, count 60
END
echo "as seen"
