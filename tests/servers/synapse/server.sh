# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Synapse (PyPI), a Matrix homeserver: a room's messages, whose `end` goes back as `from`, and what
# relates to one of them, by `next_batch`. An application service, whose token is in the
# configuration, needs no login.
key=id
found_with=(--auth 'bearer:{{ env.TOKEN }}')
export TOKEN=odd

fixed="a room only grows"

install() {
    install_from_pypi matrix-synapse
}

launch() {
    mkdir "$work/data"
    cat >"$work/service.yaml" <<YAML
{id: odd, as_token: $TOKEN, hs_token: odd, url: null, sender_localpart: odd, rate_limited: false,
 namespaces: {}}
YAML
    cat >"$work/homeserver.yaml" <<YAML
server_name: odd.example
pid_file: $work/data/pid
listeners:
  - {port: $port, type: http, bind_addresses: [127.0.0.1], resources: [{names: [client]}]}
database: {name: sqlite3, args: {database: $work/data/db}}
media_store_path: $work/data/media
signing_key_path: $work/data/key
trusted_key_servers: []
report_stats: false
allow_public_rooms_over_federation: false
room_list_publication_rules: [{action: allow}]
app_service_config_files: [$work/service.yaml]
YAML
    "$cache/venv/bin/python" -m synapse.app.homeserver -c "$work/homeserver.yaml" --generate-keys
    exec "$cache/venv/bin/python" -m synapse.app.homeserver -c "$work/homeserver.yaml"
}

answers() {
    curl -fsS "$SERVER/_matrix/client/versions"
}

fill() {
    python3 "$here/$name/fill.py" "$SERVER" "$work/names" || return
    # shellcheck disable=SC1091 # what fill.py wrote
    . "$work/names"
    export ROOM ROOT
    found_at="/_matrix/client/v3/rooms/$ROOM/messages?dir=f"
}

define() {
    sed "s/@ROOM@/$ROOM/; s/@ROOT@/$ROOT/" "$here/$name/definition.yml"
}
