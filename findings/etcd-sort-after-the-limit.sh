#!/usr/bin/env bash
# etcd 3.4.23 (Debian, etcd-server 3.4.23-4+b4), its JSON gateway.
#
# Setting: ten keys, written from j down to a, are read in the order of writing, three a page:
# `sort_target: CREATE`, `limit: 3`, and `min_create_revision` one above the last one read.
#
# A good guess: page 1 is j, i, h. Without `sort_order` a target other than the key is sorted
# upwards, so that the order is complete.
#
# Seen: page 1 is d, c, b. Without `sort_order` the server takes the first keys by name, one more
# than the limit, sorts those, and cuts. `more` is true, and page 2 is a alone, the end. Six of
# the ten are never given, and each answer is 200. With `sort_order: ASCEND` all ten come.
#
# Only `count` tells: it is 10 in each answer. Name the order, too.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download etcd-server=3.4.23-4+b4)
dpkg -x "$dir"/etcd-server_*.deb "$dir/root"
cat >"$dir/walk.py" <<'END'
import base64
import json
import socket
import subprocess
import sys
import time
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(path, **body):
    body = json.dumps(body).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request(url + path, body)))


def packed(text):
    return base64.b64encode(text.encode()).decode()


def walk(words, **order):
    print(f"{words}:")
    first = 0
    for _ in range(5):
        page = ask("/v3/kv/range", key="AA==", range_end="AA==", limit=3, sort_target="CREATE",
                   min_create_revision=first, **order)
        keys = [base64.b64decode(kv["key"]).decode() for kv in page.get("kvs", [])]
        print(" ", *keys, "| more" if page.get("more") else "| the end", "| count", page["count"])
        if not page.get("more"):
            break
        first = int(page["kvs"][-1]["create_revision"]) + 1


url, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
server = subprocess.Popen(
    [f"{sys.argv[1]}/root/usr/bin/etcd", "--data-dir", f"{sys.argv[1]}/data", "--name", "one",
     "--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", peer,
     "--initial-advertise-peer-urls", peer, "--initial-cluster", f"one={peer}"],
    stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
try:
    for _ in range(150):
        try:
            print("etcd", json.load(urllib.request.urlopen(url + "/version"))["etcdserver"])
            break
        except OSError:
            time.sleep(0.2)
    for key in "jihgfedcba":
        ask("/v3/kv/put", key=packed(key), value=packed("value"))
    walk("sort_target CREATE")
    walk("sort_target CREATE, sort_order ASCEND", sort_order="ASCEND")
finally:
    server.terminate()
    server.wait()
END
python3 "$dir/walk.py" "$dir" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
etcd 3.4.23
sort_target CREATE:
  d c b | more | count 10
  a | the end | count 10
sort_target CREATE, sort_order ASCEND:
  j i h | more | count 10
  g f e | more | count 10
  d c b | more | count 10
  a | the end | count 10
END
echo "as seen"
