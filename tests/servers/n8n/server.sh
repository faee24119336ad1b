# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# n8n (npm) over a database of its own in this run's PostgreSQL: a cursor that is an offset.
key=name
own=id
loses=1
loses_unsaid="nothing counts the workflows"
start_limit_s=180
found_at=/api/v1/workflows
found_with=(--auth 'header:X-N8N-API-KEY:{{ env.N8N_KEY }}')

install() {
    need npm
    once install_with_override
    echo 1.123.81 >"$cache/version"
}

# One package that it names is on no registry; an older one is.
install_with_override() {
    echo '{"overrides": {"xlsx": "0.18.5"}}' >"$cache/package.json"
    npm_with 22.23.3 n8n@1.123.81 pg@8.23.1
}

launch() {
    createdb -T template0 n8n
    export DB_TYPE=postgresdb DB_POSTGRESDB_HOST=$PGHOST DB_POSTGRESDB_PORT=$PGPORT DB_POSTGRESDB_DATABASE=n8n
    export DB_POSTGRESDB_USER=$PGUSER DB_POSTGRESDB_PASSWORD=odd N8N_PORT=$port N8N_LISTEN_ADDRESS=127.0.0.1
    export N8N_USER_FOLDER=$work N8N_DIAGNOSTICS_ENABLED=false N8N_VERSION_NOTIFICATIONS_ENABLED=false
    export N8N_TEMPLATES_ENABLED=false N8N_RUNNERS_ENABLED=false N8N_SECURE_COOKIE=false
    cd "$work" || exit
    exec "$cache/node/bin/node" "$cache/node_modules/n8n/bin/n8n" start
}

answers() {
    curl -fsS "$SERVER/rest/settings" | grep -q userManagement
}

fill() {
    local json='Content-Type: application/json'
    curl -fsS -c "$work/cookies" "$SERVER/rest/owner/setup" -H "$json" -d '{"email": "odd@example.org", "firstName": "Odd",
        "lastName": "Odd", "password": "Odd-0123456789"}' >&2
    N8N_KEY=$(curl -fsS -b "$work/cookies" "$SERVER/rest/api-keys" -H "$json" -d '{"label": "odd", "expiresAt": null,
        "scopes": ["workflow:create", "workflow:list", "workflow:delete", "workflow:update"]}' |
        sed 's/.*"rawApiKey":"\([^"]*\)".*/\1/')
    export N8N_KEY
    python3 "$here/$name/fill.py" "$SERVER"
}
