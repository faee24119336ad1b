# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# CouchDB's API by express-pouchdb (npm): all documents by the key of the last, and the changes.
key=id
own=rev
found_at='/records/_all_docs?include_docs=true&limit=50'

install() {
    install_from_npm express-pouchdb@4.2.0 pouchdb-node@9.0.0 pouchdb-adapter-memory@9.0.0 \
        express@4.21.2
}

launch() {
    cd "$work" || exit
    NODE_PATH=$cache/node_modules exec node "$here/$name/app.cjs" "$port"
}

answers() {
    curl -fsS "$SERVER/"
}
