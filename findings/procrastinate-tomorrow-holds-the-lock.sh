#!/usr/bin/env bash
# Procrastinate 3.10.0 with psycopg 3.2.13 (PyPI), a queue in PostgreSQL 16.2 (PyPI pgserver 0.1.4, a wheel that carries the
# server's programs).
#
# Setting: jobs that load one table have the same lock, so that no two run at once. One load is put off to tomorrow. Then
# one is wanted now. A job that failed and is to be tried again in a day is put off in the same way.
#
# A good guess: a job holds its lock while it runs. Nothing runs, so today's load does.
#
# Seen: today's load waits until tomorrow's has run. A job that waits for its time holds the lock against all that were
# added after it: the worker says nothing, and the job is `todo`. The same without a lock, with another one, or with a
# greater priority, runs at once. One failure with a day's wait stops all loads of the table for the day.
#
# Give a lock to jobs that run when they are added, and put off by something that adds them.
set -euo pipefail

dir=$(mktemp -d)
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check procrastinate==3.10.0 'psycopg[binary]==3.2.13' pgserver==0.1.4
bin=$(dirname "$(find "$dir/venv" -type f -name initdb)")
as=()
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
    chown -R nobody "$dir"
    as=(setpriv --reuid=nobody --clear-groups)
fi
"${as[@]}" "$bin/initdb" -D "$dir/data" -U me -A trust >/dev/null
"${as[@]}" "$bin/pg_ctl" -w -D "$dir/data" -l "$dir/log" \
    -o "-c listen_addresses='' -k $dir" start >/dev/null
cat >"$dir/locks.py" <<'END'
import asyncio
import sys

import procrastinate

ran = []
app = procrastinate.App(connector=procrastinate.PsycopgConnector(
    kwargs={"host": sys.argv[1], "user": "me", "dbname": "postgres"}))


@app.task(name="load")
async def load(words):
    ran.append(words)


@app.task(name="fail", retry=procrastinate.RetryStrategy(max_attempts=3, wait=86400))
async def fail():
    raise ValueError("away")


async def work(words, first, **options):
    ran.clear()
    await app.connector.execute_query_async("delete from procrastinate_jobs")
    await first
    await app.run_worker_async(wait=False, install_signal_handlers=False)
    await load.configure(**options).defer_async(words="today's")
    await app.run_worker_async(wait=False, install_signal_handlers=False)
    print(f"{words}:", *ran or ["nothing"], "ran")


async def main():
    def tomorrow(lock="orders"):
        return load.configure(lock=lock, schedule_in={"days": 1}).defer_async(words="tomorrow's")

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        await work("the same lock", tomorrow(), lock="orders")
        await work("another lock", tomorrow(), lock="items")
        await work("no lock", tomorrow())
        await work("the same lock, greater priority", tomorrow(), lock="orders", priority=1)
        await work("the same lock as one that failed", fail.configure(lock="orders").defer_async(), lock="orders")


asyncio.run(main())
END
"$dir/venv/bin/python" "$dir/locks.py" "$dir" 2>"$dir/errors" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
the same lock: nothing ran
another lock: today's ran
no lock: today's ran
the same lock, greater priority: today's ran
the same lock as one that failed: nothing ran
END
echo "as seen"
