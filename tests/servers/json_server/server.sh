# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# json-server 0.17 (npm): a Link header and X-Total-Count, beside a bare list.
key=id
loses=2
found_at='/records'

install() {
    install_from_npm json-server@0.17.4
}

launch() {
    python3 "$here/$name/fill.py" "$work/db.json" >"$work/records"
    exec "$cache/node_modules/.bin/json-server" --port "$port" --host 127.0.0.1 "$work/db.json"
}

answers() {
    curl -fsS "$SERVER/records?_limit=1"
}

fill() {
    cat "$work/records"
}
