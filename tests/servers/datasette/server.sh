# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Datasette (PyPI): a URL in the body, over a SQLite table without an order of its own.
key=id
found_at='/odd/records.json?_shape=objects'

install() {
    install_from_pypi datasette
}

launch() {
    python3 "$here/$name/fill.py" "$work/odd.db" >"$work/records"
    exec "$cache/venv/bin/datasette" serve --port "$port" "$work/odd.db"
}

answers() {
    curl -fsS "$SERVER/odd.json"
}

fill() {
    cat "$work/records"
}

change() {
    python3 "$here/$name/fill.py" "$work/odd.db" change
}
