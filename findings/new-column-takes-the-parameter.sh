#!/usr/bin/env bash
# PostgreSQL 16.2 (PyPI pgserver 0.1.4, a wheel that carries the server's programs).
#
# Setting: a function that is asked about one run has a parameter with a plain name, `changed`,
# and compares it with the id of a row. Months later a migration of somebody else adds a column
# of that name to the table. The function is written three ways: in SQL with its body as a
# string, in SQL with its body as a block (`begin atomic`), and in PL/pgSQL.
#
# A good guess: a parameter is nearer than a column, as in any language, and what was created
# and called before means the same afterwards. Or a name that means two things is an error.
#
# Seen: all three are right. The body as a string is silently another question from then on: in
# it the column wins, id is compared with `changed` of its own row, and no row is found. No
# error, no warning, in no log. The block was bound when it was made, and stays right. PL/pgSQL
# refuses: "column reference "changed" is ambiguous".
#
# Who names parameters of SQL functions gives them names that no column has, or writes
# `function.parameter`.
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
create table run (id bigint primary key, state text);
insert into run values (7, 'running');
create function as_string(changed bigint) returns bigint language sql
    as $$ select count(*) from run r where r.id = changed $$;
create function as_block(changed bigint) returns bigint language sql
    begin atomic select count(*) from run r where r.id = changed; end;
create function as_plpgsql(changed bigint) returns bigint language plpgsql
    as $$ begin return (select count(*) from run r where r.id = changed); end $$;
END
ask() {
    local name
    for name in as_string as_block as_plpgsql; do
        echo "$1, $name: $(sql -c "select $name(7)" 2>&1 | sed -n 's/^ERROR:  /error: /; 1p')"
    done
}
ask before >"$dir/seen"
sql -c "alter table run add column changed bigint"
ask after >>"$dir/seen"

version=$(sql -c 'show server_version')
echo "PostgreSQL $version"
cat "$dir/seen"
[ "$version" = 16.2 ]
diff "$dir/seen" - <<'END'
before, as_string: 1
before, as_block: 1
before, as_plpgsql: 1
after, as_string: 0
after, as_block: 1
after, as_plpgsql: error: column reference "changed" is ambiguous
END
echo "as seen"
