#!/usr/bin/env bash
# got 14.6.6 (npm), an HTTP client that obeys Retry-After by itself.
#
# Setting: a server is busy and asks to come back in 60 seconds, by a date. RFC 9110 has three
# forms of a date, all of them in GMT, and a recipient must accept all three. The third, that of
# C's asctime(), does not name the zone: "Sun Nov  6 08:49:37 1994".
#
# A good guess: each form makes it wait 60 seconds, or the third is not understood and the
# client's own delay is used.
#
# Seen: the third is read by Date.parse, which takes a date without a zone as local time. In New
# York the same header is a wait of five hours (four in summer). In Tokyo it lies nine hours
# back, and the server is asked again after one millisecond. In UTC, where tests run, it is right.
#
# A date of HTTP needs a parser of HTTP's; "whatever the language parses" is another grammar.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" got@14.6.6
cat >"$dir/wait.mjs" <<'END'
import http from 'node:http';
import got from 'got';

const at = new Date(Date.now() + 60_000);
const [day, date, month, year, time] = at.toUTCString().replace(',', '').split(' ');
const weekday = at.toLocaleDateString('en', {weekday: 'long', timeZone: 'UTC'});
const forms = {
    'IMF-fixdate': at.toUTCString(),
    'RFC 850': `${weekday}, ${date}-${month}-${year.slice(2)} ${time} GMT`,
    asctime: `${day} ${month} ${String(Number(date)).padStart(2)} ${time} ${year}`,
};

let form;
const server = http.createServer((request, response) => {
    response.writeHead(503, {'Retry-After': forms[form]}).end();
});
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
for (form of Object.keys(forms)) {
    let wait;
    const noDelay = ({retryAfter}) => {
        wait = retryAfter;
        return 0;
    };
    await got(`http://127.0.0.1:${server.address().port}/`,
        {retry: {limit: 1, calculateDelay: noDelay}}).catch(() => {});
    const hours = Math.round(wait / 3_600_000);
    const words = wait === 1 ? '1 ms' : hours >= 4 ? '4 or 5 hours' : wait > 50_000 ? '1 minute' : wait;
    console.log(`${process.env.TZ}, ${form}: ${words}`);
}
server.close();
END
for zone in UTC America/New_York Asia/Tokyo; do
    TZ=$zone node "$dir/wait.mjs"
done | tee "$dir/seen"
[ "$(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$dir/node_modules/got/package.json")" = 14.6.6 ]
diff "$dir/seen" - <<'END'
UTC, IMF-fixdate: 1 minute
UTC, RFC 850: 1 minute
UTC, asctime: 1 minute
America/New_York, IMF-fixdate: 1 minute
America/New_York, RFC 850: 1 minute
America/New_York, asctime: 4 or 5 hours
Asia/Tokyo, IMF-fixdate: 1 minute
Asia/Tokyo, RFC 850: 1 minute
Asia/Tokyo, asctime: 1 ms
END
echo "as seen"
