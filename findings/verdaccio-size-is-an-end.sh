#!/usr/bin/env bash
# Verdaccio 5.33.0 (npm), a registry of packages, and its search, which clients page by `from` and `size`.
#
# Setting: 120 packages fit a search. It is asked for 50 of them, then for 50 from the 50th on, and so
# on, until an answer is empty, as the API of npm's registry is read.
#
# A good guess: 50, 50, 20, and an empty answer; `total` is 120 in each of them.
#
# Seen: 50, and an empty answer: 50 of 120, and nothing says so. `size` is no size but the place where
# the slice ends: from=25&size=50 has 25 objects, from=50&size=50 none. `total` is the number of
# objects in the answer that it stands in, so an end that is compared with it is confirmed.
#
# Ask by size = from + 50; or for all in one answer.
set -euo pipefail

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT
cat >"$dir/package.json" <<'END'
{"dependencies": {"verdaccio": "5.33.0"}, "overrides": {"node-fetch": "2.7.0"}}
END
npm install --silent --no-audit --no-fund --prefix "$dir"
port=$((20000 + RANDOM % 12000))
cat >"$dir/config.yaml" <<END
storage: $dir/storage
auth: {htpasswd: {file: $dir/htpasswd}}
packages: {'**': {access: \$all, publish: \$all}}
log: {type: stdout, format: json, level: error}
END
"$dir/node_modules/.bin/verdaccio" --config "$dir/config.yaml" --listen "127.0.0.1:$port" >"$dir/log" 2>&1 &
server=$!
for _ in $(seq 600); do
    ! curl -fsS "http://127.0.0.1:$port/-/ping" >/dev/null 2>&1 || break
    sleep 0.2
done

cat >"$dir/walk.py" <<'END'
import base64
import hashlib
import json
import sys
import urllib.request

base = sys.argv[1]


def publish(name):
    version = {"name": name, "version": "1.0.0", "_id": name + "@1.0.0",
               "dist": {"shasum": hashlib.sha1(b"x").hexdigest(), "tarball": f"{base}/{name}/-/{name}-1.0.0.tgz"}}
    file = {"content_type": "application/octet-stream", "length": 1,
            "data": base64.b64encode(b"x").decode()}
    body = {"_id": name, "name": name, "description": "", "dist-tags": {"latest": "1.0.0"},
            "versions": {"1.0.0": version}, "_attachments": {f"{name}-1.0.0.tgz": file}}
    request = urllib.request.Request(f"{base}/{name}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"}, method="PUT")
    urllib.request.urlopen(request).read()


def search(start, size):
    with urllib.request.urlopen(f"{base}/-/v1/search?text=part&from={start}&size={size}") as answer:
        found = json.load(answer)
    print(f"from={start} size={size}: {len(found['objects'])} objects, total {found['total']}")
    return len(found["objects"])


for n in range(120):
    publish(f"part-{n}")
start = came = 0
while (more := search(start, 50)):
    came, start = came + more, start + more
print(f"{came} of 120")
search(25, 50)
search(50, 100)
END
python3 "$dir/walk.py" "http://127.0.0.1:$port" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
from=0 size=50: 50 objects, total 50
from=50 size=50: 0 objects, total 0
50 of 120
from=25 size=50: 25 objects, total 25
from=50 size=100: 50 objects, total 50
END
echo "as seen"
