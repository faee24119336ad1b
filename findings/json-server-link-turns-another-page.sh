#!/usr/bin/env bash
# json-server 0.17.4 (npm).
#
# Setting: 40 records, `landing_page` 1 in 30 of them and 2 in the others. The 30 are asked for by
# that field, 10 a page, and the walk follows `rel="next"` of the Link header.
#
# A good guess: three pages with the 30 records, since a next link is the same request with
# `_page` one higher.
#
# Seen: the link has `landing_page=2` and `_page=1`. It is made by putting the new number where
# "page=1" comes first in the URL, and that is within another parameter's name. The walk has 10
# records of the filter, then 10 of another one, each answer 200; X-Total-Count says 30, then 10.
# The same request with `_page` in front of the filter is read rightly.
#
# A link of the server's own making may leave the filter that was asked for. A total that changes
# between two pages is the only sign.
set -euo pipefail

dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" json-server@0.17.4
cat >"$dir/server.js" <<'END'
const server = require('json-server');
const visits = Array.from({length: 40}, (_, i) => ({id: i, landing_page: i < 30 ? 1 : 2}));
const app = server.create();
app.use(server.router({visits}));
const listening = app.listen(0, '127.0.0.1', () => console.log(listening.address().port));
END
node "$dir/server.js" >"$dir/port" &
server=$!
until [ -s "$dir/port" ]; do sleep 0.1; done
cat >"$dir/walk.mjs" <<'END'
async function walk(query) {
    let url = `http://127.0.0.1:${process.argv[2]}/visits?${query}`;
    console.log(query);
    for (let pages = 0; url && pages < 5; pages++) {
        const answer = await fetch(url);
        const records = await answer.json();
        const kinds = [...new Set(records.map(record => record.landing_page))];
        console.log(`  ${answer.status}, ${records.length} of ${answer.headers.get('x-total-count')}`,
            `records, landing_page ${kinds}`);
        url = /<([^<>]*)>; rel="next"/.exec(answer.headers.get('link'))?.[1];
        if (url)
            console.log('  next:', new URL(url).search);
    }
}

await walk('landing_page=1&_page=1&_limit=10');
await walk('_page=1&_limit=10&landing_page=1');
END
node "$dir/walk.mjs" "$(cat "$dir/port")" | tee "$dir/seen"
[ "$(node -p "require('$dir/node_modules/json-server/package.json').version")" = 0.17.4 ]
diff "$dir/seen" - <<'END'
landing_page=1&_page=1&_limit=10
  200, 10 of 30 records, landing_page 1
  next: ?landing_page=2&_page=1&_limit=10
  200, 10 of 10 records, landing_page 2
_page=1&_limit=10&landing_page=1
  200, 10 of 30 records, landing_page 1
  next: ?_page=2&_limit=10&landing_page=1
  200, 10 of 30 records, landing_page 1
  next: ?_page=3&_limit=10&landing_page=1
  200, 10 of 30 records, landing_page 1
END
echo "as seen"
