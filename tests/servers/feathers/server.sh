# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Feathers (npm) with a service in memory: $skip and $limit beside total, at most 100 records.
key=id
loses=1
found_at=/records

install() {
    install_from_npm @feathersjs/feathers@5.0.50 @feathersjs/express@5.0.50 @feathersjs/memory@5.0.50
}

launch() {
    NODE_PATH=$cache/node_modules exec node "$here/$name/app.cjs" "$port"
}

answers() {
    curl -fsS "$SERVER/records"
}
