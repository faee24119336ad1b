# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# fastapi-pagination (PyPI): page numbers with a count of pages, offsets, and cursors.
key=id
loses=3
found_at='/page'

install() {
    install_from_pypi fastapi-pagination
}

launch() {
    cd "$here/$name" || exit
    exec "$cache/venv/bin/uvicorn" --port "$port" app:app
}

answers() {
    curl -fsS "$SERVER/page"
}
