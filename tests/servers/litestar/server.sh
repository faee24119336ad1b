# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Litestar's pagination (PyPI): current_page beside total_pages, offsets, and a cursor whose name
# goes back as it came.
key=id
loses=3
answers_before=3 # the first counts
found_at='/classic'

install() {
    install_from_pypi litestar
}

launch() {
    cd "$here/$name" || exit
    exec "$cache/venv/bin/uvicorn" --port "$port" app:app
}

answers() {
    curl -fsS "$SERVER/offset"
}
