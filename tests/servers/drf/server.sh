# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Django REST Framework (PyPI): pages, limit and offset, and cursors, each with a next link.
key=id
loses=2
found_at='/page/'

install() {
    install_from_pypi djangorestframework
}

launch() {
    cd "$here/$name" || exit
    exec "$cache/venv/bin/waitress-serve" --listen "127.0.0.1:$port" drf_site:application
}

answers() {
    curl -fsS "$SERVER/page/"
}
