#!/usr/bin/env bash
# dlt 1.31.0 (PyPI), its REST client.
#
# Setting: an API counts its pages from 1, and gives the first where the request names none. An
# answer has `items`, `page`, `size`, `total` and `pages`. The paginator is left to dlt, which
# recognises one from the first answer.
#
# A good guess: five requests, page 1 to 5, whichever signs it goes by; or only the first page,
# since nothing says what the parameter is called.
#
# Seen: `pages` makes it a paginator that counts from 0. It takes the first answer for page 0,
# asks for page 1 as the second, and ends before `pages`: the 50 records of page 1 come twice,
# the 35 of page 5 never. 250 rows for 235 records, and no error: a warning says that the
# paginator was guessed, and asks to verify it.
#
# Take the number that the answer itself names for the one that was sent.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check dlt==1.31.0
cat >"$dir/numbered.py" <<'END'
import http.server
import json
import threading
import urllib.parse

import dlt
from dlt.sources.helpers.rest_client import RESTClient

asked = []


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        asked.append(query.get("page", "-"))
        page = int(query.get("page", 1))
        items = [{"id": i} for i in range(1, 236)][50 * (page - 1):50 * page]
        body = json.dumps({"items": items, "page": page, "size": 50, "total": 235, "pages": 5}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = RESTClient(f"http://127.0.0.1:{server.server_port}")
ids = [record["id"] for page in client.paginate("/items", data_selector="items") for record in page]
print("dlt", dlt.__version__)
print("pages asked for:", *asked)
print(f"{len(ids)} records, {len(ids) - len({*ids})} twice, {235 - len({*ids})} never")
END
RUNTIME__DLTHUB_TELEMETRY=false "$dir/venv/bin/python" "$dir/numbered.py" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
dlt 1.31.0
pages asked for: - 1 2 3 4
250 records, 50 twice, 35 never
END
echo "as seen"
