# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Django REST Framework JSON:API (PyPI): page[number] and page[size], or offsets, links.next.
key=id
loses=1
own="type"
found_at='/items'

install() {
    install_from_pypi djangorestframework-jsonapi
}

launch() {
    cd "$here/$name" || exit
    exec "$cache/venv/bin/waitress-serve" --listen "127.0.0.1:$port" jsonapi_site:application
}

answers() {
    curl -fsS "$SERVER/items"
}
