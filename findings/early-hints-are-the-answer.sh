#!/usr/bin/env bash
# Python's http.client (seen with 3.11) by itself, and below requests 2.34.2 and urllib3 2.8.0 (PyPI); httpx 0.28.1, aiohttp
# 3.14.5 (PyPI).
#
# Setting: a server sends `102 Processing` or `103 Early Hints` half a second before page 1, as HTTP allows. Page 2 is asked
# for after it, on the connection that was kept.
#
# A good guess: whoever knows `100 Continue` knows its kind, and passes over it: page 1, then page 2.
#
# Seen: http.client passes over 100 alone. The hint is the answer: requests says 103, an empty text, and `ok`;
# raise_for_status() lets it pass. What is asked next gets the answer that was still to come: page 1 in the place of page 2, and
# 200. http.client, requests and urllib3 all do so; httpx and aiohttp do as guessed.
#
# Ask for 200, not for "no error", and close the connection on what is neither.
set -euo pipefail

dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 aiohttp==3.14.5
cat >"$dir/hints.py" <<'END'
import http.server
import time


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        _, hint, page = self.path.split("/")
        if page == "1":
            self.wfile.write(b"HTTP/1.1 %s\r\nLink: </style.css>; rel=preload\r\n\r\n" % hint.encode())
            time.sleep(0.5)  # the page is being made
        body = f"page {page}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >"$dir/read.py" <<'END'
import asyncio
import http.client
import sys
import urllib.parse

import aiohttp
import httpx
import requests
import urllib3

port = int(sys.argv[1])


def show(words, of, client=None):
    for hint in ("100", "102", "103"):
        get = of(client() if client else None)
        seen = [get(f"http://127.0.0.1:{port}/{hint}/{page}") for page in (1, 2)]
        print(f"{words}, {hint}:", *(f"{status} {body!r}" for status, body in seen))


def of_http_client(_):
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def get(url):
        connection.request("GET", urllib.parse.urlsplit(url).path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    return get


def of_session(session):
    def get(url):
        answer = session.get(url)
        answer.raise_for_status()
        return answer.status_code, answer.text

    return get


def of_urllib3(pool):
    def get(url):
        answer = pool.request("GET", url)
        return answer.status, answer.data.decode()

    return get


async def of_aiohttp(session):
    for hint in ("100", "102", "103"):
        print(f"aiohttp, {hint}:", end="")
        for page in (1, 2):
            async with session.get(f"http://127.0.0.1:{port}/{hint}/{page}") as answer:
                print(f" {answer.status} {await answer.text()!r}", end="")
        print()


async def main():
    async with aiohttp.ClientSession() as session:
        await of_aiohttp(session)


show("http.client", of_http_client)
show("requests", of_session, requests.Session)
show("urllib3", of_urllib3, urllib3.PoolManager)
show("httpx", of_session, httpx.Client)
asyncio.run(main())
END
mkfifo "$dir/port"
python3 "$dir/hints.py" >"$dir/port" 2>"$dir/log" &
server=$!
read -r port <"$dir/port"
"$dir/venv/bin/python" "$dir/read.py" "$port" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
http.client, 100: 200 'page 1' 200 'page 2'
http.client, 102: 102 '' 200 'page 1'
http.client, 103: 103 '' 200 'page 1'
requests, 100: 200 'page 1' 200 'page 2'
requests, 102: 102 '' 200 'page 1'
requests, 103: 103 '' 200 'page 1'
urllib3, 100: 200 'page 1' 200 'page 2'
urllib3, 102: 102 '' 200 'page 1'
urllib3, 103: 103 '' 200 'page 1'
httpx, 100: 200 'page 1' 200 'page 2'
httpx, 102: 200 'page 1' 200 'page 2'
httpx, 103: 200 'page 1' 200 'page 2'
aiohttp, 100: 200 'page 1' 200 'page 2'
aiohttp, 102: 200 'page 1' 200 'page 2'
aiohttp, 103: 200 'page 1' 200 'page 2'
END
echo "as seen"
