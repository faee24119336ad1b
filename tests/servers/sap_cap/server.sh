# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# SAP CAP (npm, Node's SQLite): OData 4, a next link where the server's own page ends, $top and $skip.
key=code
own="id modified_at"
answers_before=3 # the first counts
start_limit_s=120
found_at=/odd/Items

install() {
    install_from_npm_with 22.23.3 @sap/cds@10.1.1 @cap-js/sqlite@3.1.1 express@4.21.2
}

launch() {
    mkdir -p "$work/app/srv"
    cd "$work/app" || exit
    ln -s "$cache/node_modules" node_modules
    cat >package.json <<'JSON'
{"name": "odd", "version": "1.0.0", "dependencies": {"@sap/cds": "*", "@cap-js/sqlite": "*", "express": "*"},
 "cds": {"requires": {"auth": {"kind": "dummy"}, "db": {"kind": "sqlite", "credentials": {"url": ":memory:"}}},
         "query": {"limit": {"default": 20, "max": 50}}}}
JSON
    cp "$here/$name/odd.cds" srv/odd.cds
    exec "$cache/node/bin/node" node_modules/@sap/cds/bin/serve.js --in-memory --port "$port"
}

answers() {
    curl -fsS "$SERVER/odd/Items"
}
