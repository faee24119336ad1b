#!/usr/bin/env bash
# pg 8.23.1 and Knex 3.3.0 on top of it (npm), with PostgreSQL 16.2 (PyPI pgserver 0.1.4, a wheel that carries the server's
# programs).
#
# Setting: an API's records have a list of labels, most of them empty. The list is given as a parameter for a column of
# type jsonb, as objects are.
#
# A good guess: `[]` is stored as `[]`. If lists do not work at all, the first record says so.
#
# Seen: the empty list is stored as an object, `{}`, and the first record with a label fails: "invalid input syntax for
# type json". A list is sent in the form of PostgreSQL's own arrays, and `{}` happens to be right in both
# languages. What was loaded before the failure is wrong, and a query that counts labels
# by jsonb_array_length fails later on.
#
# Give JSON.stringify(list) for a column of JSON.
set -euo pipefail

dir=$(mktemp -d)
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
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
npm install --silent --no-audit --no-fund --prefix "$dir" pg@8.23.1 knex@3.3.0

cat >"$dir/lists.js" <<'END'
const {Client} = require('pg');

const here = {host: process.argv[2], user: 'me', database: 'postgres'};

async function show(words, insert) {
    for (const labels of [{labels: []}, [], ['new'], [1], [{}]]) {
        const sent = JSON.stringify(labels);
        try {
            console.log(`${words}: ${sent} is stored as ${await insert(labels)}`);
        } catch (error) {
            console.log(`${words}: ${sent}: ${error.message.split(' - ').pop()}`);
        }
    }
}

async function main() {
    const client = new Client(here);
    await client.connect();
    await client.query('create table item (labels jsonb)');
    await show('pg', async labels => {
        const {rows} = await client.query('insert into item values ($1) returning labels::text', [labels]);
        return rows[0].labels;
    });
    const knex = require('knex')({client: 'pg', connection: here});
    await show('Knex', async labels => {
        const rows = await knex('item').insert({labels}).returning(knex.raw('labels::text as labels'));
        return rows[0].labels;
    });
    await knex.destroy();
    await client.end();
}

main();
END
node "$dir/lists.js" "$dir" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
pg: {"labels":[]} is stored as {"labels": []}
pg: [] is stored as {}
pg: ["new"]: invalid input syntax for type json
pg: [1]: invalid input syntax for type json
pg: [{}]: invalid input syntax for type json
Knex: {"labels":[]} is stored as {"labels": []}
Knex: [] is stored as {}
Knex: ["new"]: invalid input syntax for type json
Knex: [1]: invalid input syntax for type json
Knex: [{}]: invalid input syntax for type json
END
echo "as seen"
