#!/usr/bin/env bash
# psycopg 3.3.9, psycopg2 2.9.13, pg8000 1.31.6, asyncpg 0.32.0 (PyPI), pg 8.23.1 and postgres 3.4.9 (npm), with
# PostgreSQL 16.2 (PyPI pgserver 0.1.4, a wheel that carries the server's programs).
#
# Setting: an API says `2024-07-01T12:00:00+02:00`, which is ten o'clock in UTC. The program reads it into its
# language's type for a moment and stores that in a column of type `timestamp`, without time zone. The
# server's zone is New York, the program's is Tokyo.
#
# A good guess: the offset goes, since the column has no place for it, and 12:00 stays; or the
# moment is turned into UTC or the server's zone. But one driver does one thing.
#
# Seen: 06:00, 10:00, 12:00 and 19:00. psycopg 3 stores 06:00 by `insert` and 12:00 by its COPY, of the same
# value: a first load and what is inserted after it differ by hours. psycopg2 and postgres turn it
# into the server's zone, pg8000 into UTC, pg into the program's own zone. asyncpg alone refuses.
# With `timestamptz` all store one moment.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps \
    --target "$dir/site" pgserver==0.1.4
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check 'psycopg[binary]==3.3.9' \
    psycopg2-binary==2.9.13 pg8000==1.31.6 asyncpg==0.32.0
npm install --silent --no-audit --no-fund --prefix "$dir" pg@8.23.1 postgres@3.4.9
bin=$(dirname "$(find "$dir/site" -type f -name initdb)")
as=()
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
    chown -R nobody "$dir"
    as=(setpriv --reuid=nobody --clear-groups)
fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${as[@]}" "$bin/initdb" -D "$dir/data" -U me -A trust >/dev/null
"${as[@]}" "$bin/pg_ctl" -w -D "$dir/data" -l "$dir/log" \
    -o "-c listen_addresses=127.0.0.1 -p $port -k $dir -c timezone=America/New_York" start >/dev/null
trap '"${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null; rm -rf "$dir"' EXIT

cat >"$dir/store.py" <<'END'
import asyncio
import datetime
import sys

import asyncpg
import pg8000.native
import psycopg
import psycopg2

port = int(sys.argv[1])
words = f"host=127.0.0.1 port={port} user=me dbname=postgres"
moment = datetime.datetime.fromisoformat("2024-07-01T12:00:00+02:00")

with psycopg.connect(words, autocommit=True) as client:
    client.execute("create table seen (way text, plain timestamp, zoned timestamptz)")
    client.execute("insert into seen values ('psycopg, insert', %s, %s)", (moment, moment))
    with client.cursor().copy("copy seen from stdin") as rows:
        rows.write_row(("psycopg, copy", moment, moment))
client = psycopg2.connect(words)
client.cursor().execute("insert into seen values ('psycopg2', %s, %s)", (moment, moment))
client.commit()
client = pg8000.native.Connection("me", host="127.0.0.1", port=port, database="postgres")
client.run("insert into seen values ('pg8000', :plain, :zoned)", plain=moment, zoned=moment)


async def by_asyncpg():
    client = await asyncpg.connect(host="127.0.0.1", port=port, user="me", database="postgres")
    await client.execute("insert into seen values ('asyncpg', $1, $2)", moment, moment)


try:
    asyncio.run(by_asyncpg())
except asyncpg.DataError:
    print("asyncpg|refused")
END
cat >"$dir/store.mjs" <<'END'
import pg from 'pg'
import postgres from 'postgres'

const at = { host: '127.0.0.1', port: Number(process.argv[2]), user: 'me', database: 'postgres' }
const moment = new Date('2024-07-01T12:00:00+02:00')

const client = new pg.Client(at)
await client.connect()
await client.query("insert into seen values ('pg', $1, $2)", [moment, moment])
await client.end()
const sql = postgres(at)
await sql`insert into seen values ('postgres', ${moment}, ${moment})`
await sql.end()
END
export TZ=Asia/Tokyo
{
    "$dir/venv/bin/python" "$dir/store.py" "$port"
    node "$dir/store.mjs" "$port"
    PGTZ=UTC "$bin/psql" -X -q -A -t -h "$dir" -p "$port" -U me -d postgres \
        -c 'select way, plain, zoned from seen'
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
asyncpg|refused
psycopg, insert|2024-07-01 06:00:00|2024-07-01 10:00:00+00
psycopg, copy|2024-07-01 12:00:00|2024-07-01 10:00:00+00
psycopg2|2024-07-01 06:00:00|2024-07-01 10:00:00+00
pg8000|2024-07-01 10:00:00|2024-07-01 10:00:00+00
pg|2024-07-01 19:00:00|2024-07-01 10:00:00+00
postgres|2024-07-01 06:00:00|2024-07-01 10:00:00+00
END
echo "as seen"
