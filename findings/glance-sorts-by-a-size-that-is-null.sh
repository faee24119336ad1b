#!/usr/bin/env bash
# OpenStack Glance 33.0.0 (PyPI), its database in SQLite, without logins.
#
# Setting: seven images that have no data yet, whose size is null. They are listed three a page, each
# page by the link `next` of the one before, in the order `sort=size:asc` and `sort=size:desc`.
#
# A good guess: Glance adds the id to any order, and `next` names the last image. Both walks give
# all seven in three pages, and the last page has no `next`.
#
# Seen: upwards, page 2 is empty and has no `next`: three of the seven, each answer 200. Downwards,
# page 2 is page 1 again, under the same link, and so are all that follow. In order of the names
# both walks are right.
#
# Nothing in the answers tells of the four. Order by what is never null: created_at, or the id.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check glance==33.0.0
mkdir "$dir/images"
cat >"$dir/glance-api.conf" <<END
[DEFAULT]
enabled_backends = one:file
log_file = $dir/log
[database]
connection = sqlite:///$dir/glance.db
[glance_store]
default_backend = one
[one]
filesystem_store_datadir = $dir/images
[paste_deploy]
config_file = $dir/venv/etc/glance/glance-api-paste.ini
[oslo_policy]
policy_file = $dir/policy.yaml
enforce_scope = false
END
printf '"%s": ""\n' add_image get_images get_image >"$dir/policy.yaml"
"$dir/venv/bin/glance-manage" --config-file "$dir/glance-api.conf" db_sync >/dev/null 2>&1
cat >"$dir/walk.py" <<'END'
import importlib.metadata
import json
import threading
import urllib.request
import wsgiref.simple_server

from glance.wsgi.api import application


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *args):
        pass


def ask(path, body=None):
    request = urllib.request.Request(url + path, body and json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def walk(order):
    path, asked, sizes, seen = f"/v2/images?limit=3&sort={order}", [], [], set()
    while path and path not in asked:
        page = ask(path)
        asked.append(path)
        sizes.append(len(page["images"]))
        seen |= {image["id"] for image in page["images"]}
        path = page.get("next")
    end = "then a link that was followed before" if path else "then the end"
    print(f"{order}: pages of {sizes}, {len(seen)} images, {end}")


server = wsgiref.simple_server.make_server("127.0.0.1", 0, application, handler_class=Quiet)
url = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
print("glance", importlib.metadata.version("glance"))
for number in range(1, 8):
    ask("/v2/images", {"name": f"image {number}", "visibility": "shared"})
for order in ["name:asc", "name:desc", "size:asc", "size:desc"]:
    walk(order)
END
OS_GLANCE_CONFIG_DIR=$dir "$dir/venv/bin/python" "$dir/walk.py" 2>"$dir/errors" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
glance 33.0.0
name:asc: pages of [3, 3, 1], 7 images, then the end
name:desc: pages of [3, 3, 1], 7 images, then the end
size:asc: pages of [3, 0], 3 images, then the end
size:desc: pages of [3, 3], 3 images, then a link that was followed before
END
echo "as seen"
