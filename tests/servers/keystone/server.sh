# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Keystone (PyPI): a token in a header of the answer to a login, and a list cut at a limit.
key=name
found_at='/v3/projects?limit=50'
found_with=(--auth 'header:X-Auth-Token:{{ env.KEYSTONE_TOKEN }}')
own="id domain_id is_domain parent_id options links"
export KEYSTONE_PASSWORD=odd-0123456789

install() {
    install_from_pypi keystone
}

launch() {
    cat >"$work/keystone.conf" <<CONF
[database]
connection = sqlite:///$work/odd.db
[token]
provider = fernet
[fernet_tokens]
key_repository = $work/fernet
[credential]
key_repository = $work/credential
CONF
    mkdir -p "$work/fernet" "$work/credential"
    set -- "$cache/venv/bin/keystone-manage" --config-file "$work/keystone.conf"
    "$@" db_sync
    "$@" fernet_setup --keystone-user "$(id -un)" --keystone-group "$(id -gn)"
    "$@" credential_setup --keystone-user "$(id -un)" --keystone-group "$(id -gn)"
    "$@" bootstrap --bootstrap-password "$KEYSTONE_PASSWORD" --bootstrap-public-url "$SERVER/v3"
    export OS_KEYSTONE_CONFIG_FILES=$work/keystone.conf OS_KEYSTONE_CONFIG_DIR=$work
    exec "$cache/venv/bin/python" -c "
import wsgiref.simple_server
from keystone.wsgi.api import application
wsgiref.simple_server.make_server('127.0.0.1', $port, application).serve_forever()"
}

answers() {
    curl -fsS "$SERVER/v3"
}

# measure.py asks with a token too.
fill() {
    python3 "$here/$name/fill.py" "$SERVER" || return
    KEYSTONE_TOKEN=$(curl -fsS -D - -o /dev/null "$SERVER/v3/auth/tokens" -H 'Content-Type: application/json' -d '{"auth":
        {"identity": {"methods": ["password"], "password": {"user": {"name": "admin", "domain": {"id": "default"},
            "password": "'"$KEYSTONE_PASSWORD"'"}}}, "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}' |
        sed -n 's/^X-Subject-Token: \([^[:cntrl:]]*\).*/\1/Ip')
    export KEYSTONE_TOKEN
}
