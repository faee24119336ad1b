# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# pygeoapi (PyPI), OGC API Features: links by relation, numberMatched, at most 50 a page.
key=id
loses=2
found_at='/collections/odd/items?f=json'
own="type geometry"

install() {
    install_from_pypi pygeoapi
}

launch() {
    python3 "$here/$name/fill.py" "$work" "$SERVER" >"$work/records"
    export PYGEOAPI_CONFIG=$work/config.yml PYGEOAPI_OPENAPI=$work/openapi.yml
    "$cache/venv/bin/pygeoapi" openapi generate "$PYGEOAPI_CONFIG" --output-file "$PYGEOAPI_OPENAPI"
    exec "$cache/venv/bin/waitress-serve" --listen "127.0.0.1:$port" pygeoapi.flask_app:APP
}

answers() {
    curl -fsS "$SERVER/collections?f=json"
}

fill() {
    cat "$work/records"
}

change() {
    python3 "$here/$name/fill.py" "$work" "$SERVER" change
}
