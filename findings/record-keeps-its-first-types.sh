#!/usr/bin/env bash
# PostgreSQL 16.2 (PyPI pgserver 0.1.4, a wheel that carries the server's programs).
#
# Setting: a PL/pgSQL function ends a run. One kind of run counts two numbers of its table, the
# other has nothing to count and writes 0 for the second. Both put them into one `record`, and
# one check after the branches compares them. The function is called for a run of the first kind
# and for one of the second, in two sessions in both orders.
#
# A good guess: 0 is a number like count(*), the comparison is the same for both, and what a call
# does depends on its arguments and the data.
#
# Seen: whichever kind a session calls first works in it for good, and the other one fails from
# then on, in this session only: "type of parameter … does not match that when preparing the
# plan". The plain 0 is an integer, count(*) a bigint, and a static expression keeps the types
# that the record's fields had when it was first evaluated in the session. Behind a pool of
# connections the error comes and goes. A cast, 0::bigint, mends it.
#
# The manual says that types of a record's fields must not change from call to call; a test that
# opens a session for each case never sees it.
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

sql -v ON_ERROR_STOP=1 <<'END'
create table orders (id bigint);
insert into orders values (1), (2);
create function end_run(has_key boolean) returns text language plpgsql as $$
declare
    counted record;
begin
    if has_key then
        select count(*) as kept, count(*) filter (where id > 1) as lost into counted from orders;
    else
        select count(*) as kept, 0 as lost into counted from orders;
    end if;
    if counted.lost > counted.kept then
        return 'too many lost';
    end if;
    return 'done';
end $$;
END
in_session() {
    local has_key
    for has_key; do
        echo "select end_run($has_key);"
    done | sql 2>&1 | sed -n 's/^ERROR:  /error: /; /^CONTEXT/!p' | paste -sd'|'
}
{
    echo "with, without, with: $(in_session true false true)"
    echo "without, with, without: $(in_session false true false)"
} >"$dir/seen"

version=$(sql -c 'show server_version')
echo "PostgreSQL $version"
cat "$dir/seen"
[ "$version" = 16.2 ]
diff "$dir/seen" - <<'END'
with, without, with: done|error: type of parameter 4 (integer) does not match that when preparing the plan (bigint)|done
without, with, without: done|error: type of parameter 4 (bigint) does not match that when preparing the plan (integer)|done
END
echo "as seen"
