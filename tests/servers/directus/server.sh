# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Directus (npm) over a database of its own in this run's PostgreSQL: limit and page, or a filter that begins behind an item.
key=code
own="id date_updated"
answers_before=3 # the first counts
start_limit_s=300
found_at=/items/odd
found_with=(--auth 'bearer:{{ env.DIRECTUS_TOKEN }}')
export DIRECTUS_TOKEN=odd-0123456789

install() {
    install_from_npm_with 22.23.3 directus@12.4.0 pg@8.23.1
    # Its addon is not built; it is for extensions, and there are none.
    echo 'module.exports = {};' >"$cache/node_modules/isolated-vm/isolated-vm.js"
}

run_directus() {
    "$cache/node/bin/node" "$cache/node_modules/directus/cli.js" "$@"
}

launch() {
    createdb -T template0 directus
    export DB_CLIENT=pg DB_HOST=$PGHOST DB_PORT=$PGPORT DB_DATABASE=directus DB_USER=$PGUSER DB_PASSWORD=odd
    export SECRET=odd-0123456789-0123456789-0123456789 HOST=127.0.0.1 PORT=$port PUBLIC_URL=$SERVER TELEMETRY=false
    export ADMIN_EMAIL=odd@example.org ADMIN_PASSWORD=odd-0123456789 ADMIN_TOKEN=$DIRECTUS_TOKEN
    mkdir "$work/app"
    cd "$work/app" || exit
    run_directus bootstrap
    run_directus start
}

answers() {
    curl -fsS "$SERVER/server/ping"
}
