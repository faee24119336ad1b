#!/usr/bin/env bash
# httpx 0.28.1 beside Requests 2.34.2, aiohttp 3.14.5 and PycURL 7.49.0 (PyPI).
#
# Setting: a server keeps its lines of JSON in pieces that are already compressed, and answers
# with the pieces one behind the other, `Content-Encoding: gzip`. By RFC 1952 that is gzip: a file
# is a series of members. Two members, two lines each.
#
# A good guess: four lines, or an error from a client that cannot.
#
# Seen: httpx gives the two lines of the first member, status 200, no error, and drops the rest,
# read whole as well as in a stream. Requests and aiohttp give four. libcurl gives two and then
# error 23, which has the name of a failed write.
#
# Lines have no end that could be missing. Compare their number with one that the API tells.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
    httpx==0.28.1 requests==2.34.2 aiohttp==3.14.5 pycurl==7.49.0
cat >"$dir/members.py" <<'END'
import asyncio
import gzip
import http.server
import io
import threading

import aiohttp
import httpx
import pycurl
import requests

BODY = gzip.compress(b'{"id": 1}\n{"id": 2}\n') + gzip.compress(b'{"id": 3}\n{"id": 4}\n')


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *words):
        pass


async def with_aiohttp():
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


def with_curl():
    body, curl = io.BytesIO(), pycurl.Curl()
    for option in [(pycurl.URL, url), (pycurl.ACCEPT_ENCODING, ""), (pycurl.WRITEDATA, body)]:
        curl.setopt(*option)
    try:
        curl.perform()
        error = "no error"
    except pycurl.error as problem:
        error = f"error {problem.args[0]}"
    return body.getvalue().splitlines(), error


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/items"
print("requests", requests.__version__, len(requests.get(url).text.splitlines()), "lines")
print("aiohttp", aiohttp.__version__, len(asyncio.run(with_aiohttp()).splitlines()), "lines")
answer = httpx.get(url)
print("httpx", httpx.__version__, len(answer.text.splitlines()), "lines, status", answer.status_code)
with httpx.stream("GET", url) as answer:
    print("httpx in a stream", len(list(answer.iter_lines())), "lines")
lines, error = with_curl()
print("pycurl", pycurl.version.split()[0].split("/")[1], len(lines), "lines,", error)
END
"$dir/venv/bin/python" "$dir/members.py" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
requests 2.34.2 4 lines
aiohttp 3.14.5 4 lines
httpx 0.28.1 2 lines, status 200
httpx in a stream 2 lines
pycurl 7.49.0 2 lines, error 23
END
echo "as seen"
