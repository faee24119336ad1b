# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# OpenFGA (Go), its tuples in SQLite: POST, continuation_token in the body, which is "" at the end.
key=object
own=timestamp

install() {
    install_from_go github.com/openfga/openfga/cmd/openfga@v1.8.16
}

launch() {
    set -- --datastore-engine sqlite --datastore-uri "file:$work/odd.db"
    "$cache/bin/openfga" migrate "$@"
    exec "$cache/bin/openfga" run "$@" --playground-enabled=false \
        --metrics-enabled=false --http-addr "127.0.0.1:$port" --grpc-addr "127.0.0.1:$((port + 1))"
}

answers() {
    curl -fsS "$SERVER/healthz"
}

fill() {
    python3 "$here/$name/fill.py" "$SERVER" "$work/store" || return
    OPENFGA_STORE=$(cat "$work/store")
    export OPENFGA_STORE
    found_at=/stores/$OPENFGA_STORE/read found_with=(--data '{"page_size": 50}')
}

define() {
    sed "s/STORE/$OPENFGA_STORE/" "$here/$name/definition.yml"
}

change() {
    python3 "$here/$name/fill.py" "$SERVER" "$work/store" change
}
