# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Flask-AppBuilder (PyPI), whose API Superset has too: the place stands in one parameter, in Rison.
key=id
found_at=/api/v1/item/
found_with=(--auth 'bearer:{{ env.APPBUILDER_TOKEN }}')
loses=1
export APPBUILDER_PASSWORD=odd-0123456789

install() {
    install_from_pypi flask-appbuilder
}

launch() {
    exec "$cache/venv/bin/python" "$here/$name/app.py" "$port" "$work/odd.db"
}

answers() {
    curl -fsS "$SERVER/api/v1/security/login" -H 'Content-Type: application/json' \
        -d "{\"username\": \"odd\", \"password\": \"$APPBUILDER_PASSWORD\", \"provider\": \"db\"}"
}

# measure.py asks with a token too.
fill() {
    APPBUILDER_TOKEN=$(answers | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
    export APPBUILDER_TOKEN
    python3 "$here/$name/fill.py" "$SERVER"
}
