# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Strapi 5 (npm) over a database of its own in this run's PostgreSQL: pages by `pagination[page]`, and a filter that
# begins behind an entry.
key=code
own="id document_id created_at updated_at published_at"
answers_before=3 # the first counts
found_at=/api/odds
found_with=(--auth 'bearer:{{ env.STRAPI_TOKEN }}')

install() {
    install_from_npm @strapi/strapi@5.54.0 pg@8.23.1
}

launch() {
    createdb -T template0 strapi
    NODE_PATH=$cache/node_modules STRAPI_TELEMETRY_DISABLED=true exec node "$here/$name/app.cjs" "$work/app" "$port"
}

answers() {
    curl -fsS "$SERVER/_health"
}

fill() {
    STRAPI_TOKEN=$(cat "$work/app/token")
    export STRAPI_TOKEN
    python3 "$here/$name/fill.py" "$SERVER"
}
