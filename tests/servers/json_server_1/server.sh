# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# json-server 1.0 (npm): pages in the body, and past the end the last one again.
key=id
loses=2
found_at='/records?_page=1&_per_page=50'

install() {
    install_from_npm json-server@1.0.0-beta.3
}

launch() {
    python3 "$here/$name/fill.py" "$work/db.json" >"$work/records"
    # Otherwise it reads the file anew that it has just written, and loses what came meanwhile.
    mkdir "$work/public"
    cd "$work" || exit
    NODE_ENV=production exec "$cache/node_modules/.bin/json-server" --port "$port" --host 127.0.0.1 \
        "$work/db.json"
}

answers() {
    curl -fsS "$SERVER/records?_page=1"
}

fill() {
    cat "$work/records"
}
