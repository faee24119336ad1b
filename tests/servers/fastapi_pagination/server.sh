# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# fastapi-pagination (PyPI): page numbers with a count of pages, offsets, and cursors.
key=id

install() {
    install_from_pypi
}

launch() {
    cd "$here/$name" || exit
    exec "$cache/venv/bin/uvicorn" --port "$port" app:app
}

answers() {
    curl -fsS "$SERVER/page"
}
