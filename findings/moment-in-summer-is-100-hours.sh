#!/usr/bin/env bash
# Moment 2.31.0 (npm) beside PostgreSQL 16.2 (PyPI pgserver 0.1.4, a wheel that carries the
# server's programs).
#
# Setting: an API in London puts a Moment into a text, `${moment}`, and the text is loaded into a
# column of type timestamptz.
#
# A good guess: "GMT+0100" behind a time says one hour before Greenwich to PostgreSQL as to all
# others, or it is an error.
#
# Seen: a name of letters with a number behind it is read as a zone of POSIX. There the number
# counts hours, up to 167, and its sign is the other way. +0100 is 100 hours west: the time is
# stored four days and five hours too late. +0200 is more hours than there may be, an error.
# +0000 is right, so that the load is right all winter, and wrong from the last Sunday of March.
#
# Take the offset out of its name before PostgreSQL reads a time: "+0100" alone is as meant.
set -euo pipefail

dir=$(mktemp -d)
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" moment@2.31.0
PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps \
    --target "$dir/site" pgserver==0.1.4
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
    PGTZ=UTC "$bin/psql" -X -q -A -t -h "$dir" -U me -d postgres "$@"
}

sql -c 'create table t (at timestamptz)'
load() { # a text
    echo "$1 -> $(sql -c "truncate t" -c "copy t from stdin" -c "select at from t" <<<"$1" 2>&1 |
        head -1)"
}
{
    echo "Moment $(node -p "require('$dir/node_modules/moment').version")," \
        "PostgreSQL $(sql -c 'show server_version')"
    for at in London,2024-01-15 London,2024-07-15 Paris,2024-07-15; do
        load "$(TZ=Europe/${at%,*} node -p \
            "String(require('$dir/node_modules/moment')('${at#*,}T10:00'))")"
    done
    load "Mon Jul 15 2024 10:00:00 +0100"
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
Moment 2.31.0, PostgreSQL 16.2
Mon Jan 15 2024 10:00:00 GMT+0000 -> 2024-01-15 10:00:00+00
Mon Jul 15 2024 10:00:00 GMT+0100 -> 2024-07-19 14:00:00+00
Mon Jul 15 2024 10:00:00 GMT+0200 -> ERROR:  time zone "gmt+0200" not recognized
Mon Jul 15 2024 10:00:00 +0100 -> 2024-07-15 09:00:00+00
END
echo "as seen"
