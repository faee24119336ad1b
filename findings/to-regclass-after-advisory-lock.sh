#!/usr/bin/env bash
# PostgreSQL 16.2 (PyPI pgserver 0.1.4, a wheel that carries the server's programs).
#
# Setting: two sessions make sure that a table is there. Each takes one advisory lock, looks
# whether the table exists, makes it if it does not, and commits. READ COMMITTED, so that each
# statement sees what was committed before it began.
#
# A good guess: the session that had to wait for the lock sees the table afterwards, whether it
# asks `to_regclass('t')` or the catalogue, since both look for a committed row of pg_class.
#
# Seen: to_regclass still answers null, and a query on pg_class in the same transaction finds the
# table. to_regclass asks the session's cache of the catalogue. The cache remembers that there
# was no such table, and what other sessions committed reaches it only with the next lock on a
# relation, or at the next start of a transaction. Waiting for an advisory lock is neither.
# After the query on pg_class, which locks a relation, to_regclass sees the table too.
#
# Who makes tables under an advisory lock asks pg_class, or looks before nothing else was asked.
set -euo pipefail

dir=$(mktemp -d)
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$dir/site" pgserver==0.1.4
bin=$(dirname "$(find "$dir/site" -type f -name initdb)")
as=()
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
    chown -R nobody "$dir"
    as=(setpriv --reuid=nobody --clear-groups)
fi
"${as[@]}" "$bin/initdb" -D "$dir/data" -U me -A trust >/dev/null
"${as[@]}" "$bin/pg_ctl" -w -D "$dir/data" -l "$dir/log" \
    -o "-c listen_addresses='' -k $dir" start >/dev/null
sql() {
    "$bin/psql" -X -q -A -t -h "$dir" -U me -d postgres "$@"
}
version=$(sql -c 'show server_version')

# The first session holds the lock until the second one waits for it.
mkfifo "$dir/first"
sql -f "$dir/first" >/dev/null &
exec 3>"$dir/first"
echo "begin; select pg_advisory_xact_lock(1); create table t (n int);" >&3
until [ "$(sql -c "select count(*) from pg_locks where locktype = 'advisory'")" = 1 ]; do
    sleep 0.1
done
sql -v ON_ERROR_STOP=1 >"$dir/second" <<'END' &
begin;
select 'before the lock: ' || coalesce(to_regclass('t')::text, 'null');
select from pg_advisory_xact_lock(1);
select 'after it, to_regclass: ' || coalesce(to_regclass('t')::text, 'null');
select 'after it, pg_class: ' || count(*) from pg_class where relname = 't';
select 'then to_regclass: ' || coalesce(to_regclass('t')::text, 'null');
commit;
END
second=$!
until [ "$(sql -c "select count(*) from pg_locks where locktype = 'advisory' and not granted")" = 1 ]; do
    sleep 0.1
done
echo "commit;" >&3
exec 3>&-
wait "$second"

grep . "$dir/second"
[ "$version" = 16.2 ]
diff "$dir/second" - <<'END'
before the lock: null
after it, to_regclass: null
after it, pg_class: 1
then to_regclass: t
END
echo "as seen"
