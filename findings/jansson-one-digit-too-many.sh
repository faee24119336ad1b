#!/usr/bin/env bash
# Jansson 2.14 (Debian, libjansson4 and libjansson-dev 2.14-2) beside PostgreSQL 16.2 (PyPI
# pgserver 0.1.4, a wheel that carries the server's programs).
#
# Setting: a C program reads a page of prices, and passes each record on as it is: json_loads(),
# then json_dumps(). The records go into a column of type numeric, as money does.
#
# A good guess: 19.99 goes out as 19.99. It is a float within, but the shortest text that reads as
# the same float is what other libraries write.
#
# Seen: 19.989999999999998. By default 17 digits are written, so that any float comes back as it
# was, and of most prices the last of them is noise. A numeric keeps all of them: a sum is off, a
# row differs from the one before, an equal price is not found. With JSON_REAL_PRECISION(15) it is
# 19.99, and digits that were there are lost.
#
# A number that is passed on must stay text, or be a decimal.
set -euo pipefail

dir=$(mktemp -d)
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download \
    libjansson4=2.14-2 libjansson-dev=2.14-2)
for package in "$dir"/*.deb; do
    dpkg -x "$package" "$dir/root"
done
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

cat >"$dir/pass.c" <<'END'
#include <jansson.h>
#include <stdio.h>

int main(void)
{
    static const char page[] = "[{\"price\": 19.99}, {\"price\": 0.1}, {\"price\": 1.10}, "
                               "{\"price\": 1.5}, {\"price\": 4.35}]";
    json_t *records = json_loads(page, 0, NULL), *record;
    size_t i;
    json_array_foreach(records, i, record)
        puts(json_dumps(record, 0));
    fprintf(stderr, "Jansson %s\n", jansson_version_str());
    return 0;
}
END
lib=$(dirname "$(find "$dir/root" -name libjansson.so.4)")
gcc -I"$dir/root/usr/include" -o "$dir/pass" "$dir/pass.c" -L"$lib" -Wl,-rpath,"$lib" -ljansson
{
    "$dir/pass" 2>&1 >"$dir/records"
    "$bin/psql" -X -q -A -t -h "$dir" -U me -d postgres <<END
create table got (record jsonb);
\copy got from '$dir/records'
create table price as select (record ->> 'price')::numeric as price from got;
select price from price;
select 'sum ' || sum(price) from price;
select 'rows with 19.99: ' || count(*) from price where price = 19.99;
END
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
Jansson 2.14
19.989999999999998
0.10000000000000001
1.1000000000000001
1.5
4.3499999999999996
sum 27.03999999999999771
rows with 19.99: 0
END
echo "as seen"
