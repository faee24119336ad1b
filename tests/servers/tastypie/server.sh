# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Tastypie (PyPI): offset and limit, meta.total_count and meta.next, at most 1,000 records.
key=id
loses=2
own=""
found_at='/api/items/'

install() {
    install_from_pypi django-tastypie
}

launch() {
    cd "$here/$name" || exit
    exec "$cache/venv/bin/waitress-serve" --listen "127.0.0.1:$port" site_of_tastypie:application
}

answers() {
    curl -fsS "$SERVER/api/items/"
}
