#!/usr/bin/env bash
# httpx 0.28.1 beside Requests 2.34.2 (PyPI).
#
# Setting: an API needs a key in the query. It is set once, as `params` of the client, so that
# it goes with every request. The next page's URL comes whole, in the answer.
#
# A good guess: the key is added to the query that the URL has. Requests does that with the
# `params` of a session.
#
# Seen: httpx puts its `params` in the place of the URL's whole query. The cursor is gone, page
# 1 comes again with status 200, and its next link is the same. Empty `params={}` of a request
# take the query away, too; empty ones of the client do not.
#
# Who walks along links with httpx merges by hand: url.copy_merge_params(…).
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check httpx==0.28.1 requests==2.34.2
cat >"$dir/links.py" <<'END'
import httpx
import requests

NEXT = "http://127.0.0.1/items?cursor=abc&limit=50"
print("httpx", httpx.__version__, "requests", requests.__version__)


def show(words, client, **options):
    print(f"{words}:", client.build_request("GET", NEXT, **options).url)


session = requests.Session()
session.params = {"key": "k"}
print("requests, session:", session.prepare_request(requests.Request("GET", NEXT)).url)
show("httpx, none", httpx.Client())
show("httpx, client", httpx.Client(params={"key": "k"}))
show("httpx, request", httpx.Client(), params={"key": "k"})
show("httpx, empty of a client", httpx.Client(params={}))
show("httpx, empty of a request", httpx.Client(), params={})
print("merged by hand:", httpx.URL(NEXT).copy_merge_params({"key": "k"}))
END
"$dir/venv/bin/python" "$dir/links.py" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
httpx 0.28.1 requests 2.34.2
requests, session: http://127.0.0.1/items?cursor=abc&limit=50&key=k
httpx, none: http://127.0.0.1/items?cursor=abc&limit=50
httpx, client: http://127.0.0.1/items?key=k
httpx, request: http://127.0.0.1/items?key=k
httpx, empty of a client: http://127.0.0.1/items?cursor=abc&limit=50
httpx, empty of a request: http://127.0.0.1/items
merged by hand: http://127.0.0.1/items?cursor=abc&limit=50&key=k
END
echo "as seen"
