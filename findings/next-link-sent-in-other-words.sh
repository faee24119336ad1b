#!/usr/bin/env bash
# aiohttp 3.14.5 with yarl 1.25.1, Requests 2.34.2, urllib3 2.8.0, HTTPX 0.28.1, PycURL 7.49.0 (PyPI), undici
# 7.16.0 and needle 3.3.1 (npm), seven clients that get a URL and send a request.
#
# Setting: an API gives the next page's URL whole and signs it: the query, as it wrote it, is part
# of what the signature covers. The cursor is base64 or holds a time, so that it has `%2F`, `%3A`
# or `%2C`, and a name in it has an apostrophe.
#
# A good guess: each of these URLs is valid as it is (RFC 3986), so all clients send it byte for
# byte. Some may write the hex digits of an escape as capitals, which the RFC calls equal.
#
# Seen: PycURL and HTTPX alone change nothing. aiohttp takes away every escape that a query can do
# without, `%2F %3A %40 %2C %3F %27 %21` and letters. The RFC tells these apart from the bare character, and so
# does a signature. Requests takes them from letters, digits and `- . _ ~`. undici, as
# whatever is built on Node's URL, writes an apostrophe as `%27`, and so does needle.
#
# Signed links want PycURL or HTTPX, or yarl.URL(link, encoded=True).
set -euo pipefail

dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check aiohttp==3.14.5 yarl==1.25.1 \
    requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 pycurl==7.49.0
npm install --silent --no-audit --no-fund --prefix "$dir" undici@7.16.0 needle@3.3.1

cat >"$dir/links" <<'END'
/items?after=a%2Fb
/items?after=12%3A30
/items?after=1%2C2
/items?after=a%40b
/items?after=a%3Fb
/items?after=%27a%27
/items?after='a'
/items?after=a%21
/items?after=%7Ea
/items?after=a%2Db
/items?after=a%2fb
END
cat >"$dir/echo.py" <<'END'
import http.server


class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >"$dir/links.py" <<'END'
import asyncio
import io
import sys

import aiohttp
import httpx
import pycurl
import requests
import urllib3
import yarl

host, links = sys.argv[1], open(sys.argv[2]).read().split()


def show(words, get):
    print(f"{words}:")
    for link in links:
        sent = get(host + link)
        if sent != link:
            print(f"  {link} as {sent}")


def by_curl(url):
    body, curl = io.BytesIO(), pycurl.Curl()
    curl.setopt(curl.URL, url)
    curl.setopt(curl.WRITEDATA, body)
    curl.perform()
    return body.getvalue().decode()


async def get(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


show("PycURL", by_curl)
show("HTTPX", lambda url: httpx.get(url).text)
show("urllib3", lambda url: urllib3.request("GET", url).data.decode())
show("Requests", lambda url: requests.get(url).text)
show("aiohttp", lambda url: asyncio.run(get(url)))
show("aiohttp, encoded=True", lambda url: asyncio.run(get(yarl.URL(url, encoded=True))))
END
cat >"$dir/links.mjs" <<'END'
import fs from 'fs'
import needle from 'needle'
import { request } from 'undici'

const [host, file] = process.argv.slice(2)
const links = fs.readFileSync(file, 'utf8').trimEnd().split('\n')

async function show(words, get) {
  console.log(`${words}:`)
  for (const link of links) {
    const sent = await get(host + link)
    if (sent !== link) console.log(`  ${link} as ${sent}`)
  }
}

await show('undici', async url => (await request(url)).body.text())
await show('needle', async url => (await needle('get', url)).body.toString())
END
"$dir/venv/bin/python" "$dir/echo.py" >"$dir/port" &
server=$!
until [ -s "$dir/port" ]; do sleep 0.1; done
host=http://127.0.0.1:$(cat "$dir/port")
{
    env -u http_proxy -u all_proxy "$dir/venv/bin/python" "$dir/links.py" "$host" "$dir/links"
    env -u http_proxy -u all_proxy node "$dir/links.mjs" "$host" "$dir/links"
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
PycURL:
HTTPX:
urllib3:
  /items?after=a%2fb as /items?after=a%2Fb
Requests:
  /items?after=%7Ea as /items?after=~a
  /items?after=a%2Db as /items?after=a-b
  /items?after=a%2fb as /items?after=a%2Fb
aiohttp:
  /items?after=a%2Fb as /items?after=a/b
  /items?after=12%3A30 as /items?after=12:30
  /items?after=1%2C2 as /items?after=1,2
  /items?after=a%40b as /items?after=a@b
  /items?after=a%3Fb as /items?after=a?b
  /items?after=%27a%27 as /items?after='a'
  /items?after=a%21 as /items?after=a!
  /items?after=%7Ea as /items?after=~a
  /items?after=a%2Db as /items?after=a-b
  /items?after=a%2fb as /items?after=a/b
aiohttp, encoded=True:
undici:
  /items?after='a' as /items?after=%27a%27
needle:
  /items?after='a' as /items?after=%27a%27
END
echo "as seen"
