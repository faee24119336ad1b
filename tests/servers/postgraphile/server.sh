# shellcheck shell=bash disable=SC2034,SC2154,SC2016 # shared with run.sh
# PostGraphile 4 (npm): Relay connections over a database of its own in this run's PostgreSQL.
key=id
found_at=/graphql
found_with=(--graphql 'query ($after: Cursor) { allOdds(first: 50, after: $after, orderBy: PRIMARY_KEY_ASC) {
    totalCount nodes { id n name note big amount grp flag } pageInfo { hasNextPage endCursor } } }')

install() {
    install_from_npm postgraphile@4.14.1
}

launch() {
    createdb -T template0 odd
    python3 "$here/$name/fill.py" >"$work/records"
    exec "$cache/node_modules/.bin/postgraphile" --host 127.0.0.1 --port "$port" --schema public \
        --disable-default-mutations --connection "socket:$PGHOST?db=odd"
}

answers() {
    curl -fsS -H 'Content-Type: application/json' -d '{"query": "{ __typename }"}' "$SERVER/graphql"
}

fill() {
    cat "$work/records"
}

change() {
    python3 "$here/$name/fill.py" change
}
