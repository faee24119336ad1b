# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Parse Server (npm) over a database of its own in this run's PostgreSQL: skip and limit, and a `where` that
# begins behind an id.
key=object_id
own="created_at updated_at"
found_at='/parse/classes/Odd?limit=50'
found_with=(--header 'X-Parse-Application-Id: odd' --header 'X-Parse-Master-Key: odd-master')
export PARSE_SERVER_FOUND_X_PARSE_MASTER_KEY=odd-master

install() {
    install_from_npm parse-server@9.10.0
}

launch() {
    createdb -T template0 parse
    cd "$work" || exit # where it puts its logs
    NODE_PATH=$cache/node_modules exec node "$here/$name/app.cjs" "$port" "postgres://$PGUSER@$PGHOST:$PGPORT/parse"
}

answers() {
    curl -fsS "$SERVER/parse/health"
}
