# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Kinto (PyPI): a Next-Page header, and a total in the answer to a HEAD.
key=id
answers_before=3 # the first counts
found_at='/v1/buckets/b/collections/c/records'
own=last_modified

install() {
    install_from_pypi kinto
}

launch() {
    cat >"$work/kinto.ini" <<INI
[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.bucket_create_principals = system.Everyone
kinto.bucket_write_principals = system.Everyone
kinto.paginate_by = 100
[server:main]
use = egg:waitress
listen = 127.0.0.1:$port
INI
    exec "$cache/venv/bin/kinto" start --ini "$work/kinto.ini" --port "$port"
}

answers() {
    curl -fsS "$SERVER/v1/"
}
