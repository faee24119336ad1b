#!/usr/bin/env bash
# json-server 1.0.0-beta.15 (npm).
#
# Setting: five records, two a page, `_page` and `_per_page`. A client counts pages up until one
# is empty, as it can with most APIs and could with this one up to version 0.17.
#
# A good guess: page 4 is empty, or an error.
#
# Seen: page 4 is page 3 once more, and so is page 99: status 200, the same record, the same
# `prev`. A number that is too great is taken for that of the last page, as 0 is for the first.
# The page says nowhere which number it has.
#
# A walk by empty pages never ends here and stores the last page again and again. Follow `next`,
# or see that the records are those of the page before.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" json-server@1.0.0-beta.15
echo '{"items": [{"id": "1"}, {"id": "2"}, {"id": "3"}, {"id": "4"}, {"id": "5"}]}' >"$dir/db.json"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
node "$dir/node_modules/json-server/lib/bin.js" "$dir/db.json" --host 127.0.0.1 --port "$port" \
    >"$dir/log" 2>&1 &
server=$!
cat >"$dir/walk.mjs" <<'END'
for (const page of [1, 2, 3, 4, 99, 0]) {
    const url = `http://127.0.0.1:${process.argv[2]}/items?_page=${page}&_per_page=2`;
    const answer = await fetch(url);
    const {data, prev, next} = await answer.json();
    console.log(`page ${page}: ${answer.status}, records ${data.map(record => record.id)},`,
        `prev ${prev}, next ${next}`);
}
END
for _ in $(seq 100); do
    node "$dir/walk.mjs" "$port" >"$dir/seen" 2>/dev/null && break
    sleep 0.1
done
cat "$dir/seen"
[ "$(node -p "require('$dir/node_modules/json-server/package.json').version")" = 1.0.0-beta.15 ]
diff "$dir/seen" - <<'END'
page 1: 200, records 1,2, prev null, next 2
page 2: 200, records 3,4, prev 1, next 3
page 3: 200, records 5, prev 2, next null
page 4: 200, records 5, prev 2, next null
page 99: 200, records 5, prev 2, next null
page 0: 200, records 1,2, prev null, next 2
END
echo "as seen"
