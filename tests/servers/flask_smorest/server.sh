# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# flask-smorest (PyPI): a bare list, its counts as JSON in the header X-Pagination.
key=id
loses=3
found_at=/records/

install() {
    install_from_pypi flask-smorest
}

launch() {
    cd "$here/$name" || exit
    exec "$cache/venv/bin/flask" --app app:app run --port "$port"
}

answers() {
    curl -fsS "$SERVER/records/"
}
