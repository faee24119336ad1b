#!/usr/bin/env bash
# dlt 1.31.0 (PyPI), its REST client.
#
# Setting: an API gives at most 50 records a page and answers a larger `limit` with 50, as many
# do. OffsetPaginator is set to 100, with `total_path`, and the API counts 235.
#
# A good guess: the next offset is the number of records that came, 50, or at least the end is
# compared with the total, and the 100 that are lacking raise an error.
#
# Seen: the next offset is the one before plus what was asked for, 100. Records 50 to 99 and 150
# to 199 are never asked for. The total ends the walk by the offset, not by what came: 135 of
# 235, no error, no warning. An end by the first empty page loses the same 100.
#
# Move on by what came, and compare the total with it.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check dlt==1.31.0
cat >"$dir/capped.py" <<'END'
import http.server
import json
import threading
import urllib.parse

import dlt
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import OffsetPaginator


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        start, limit = int(query["offset"]), min(int(query["limit"]), 50)
        data = [{"id": i} for i in range(235)][start:start + limit]
        body = json.dumps({"total": 235, "data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def read(words, paginator):
    pages = client.paginate("/items", paginator=paginator, data_selector="data")
    ids = [record["id"] for page in pages for record in page]
    print(f"{words}: {len(ids)} records, missing {sorted({*range(235)} - {*ids})[:3]} …")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = RESTClient(f"http://127.0.0.1:{server.server_port}")
print("dlt", dlt.__version__)
read("to the total", OffsetPaginator(limit=100, total_path="total"))
read("to an empty page", OffsetPaginator(limit=100, total_path=None, stop_after_empty_page=True))
END
RUNTIME__DLTHUB_TELEMETRY=false "$dir/venv/bin/python" "$dir/capped.py" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
dlt 1.31.0
to the total: 135 records, missing [50, 51, 52] …
to an empty page: 135 records, missing [50, 51, 52] …
END
echo "as seen"
