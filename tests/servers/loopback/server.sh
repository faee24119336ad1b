# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# LoopBack 3 (npm) with a model in memory: filter[limit], filter[skip], and a count apart.
key=id
loses=1
answers_before=3 # the first counts
found_at=/api/records

install() {
    install_from_npm loopback@3.28.0
}

launch() {
    NODE_PATH=$cache/node_modules exec node "$here/$name/app.cjs" "$port"
}

answers() {
    curl -fsS "$SERVER/api/records"
}
