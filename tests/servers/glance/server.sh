# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# OpenStack Glance (PyPI), without logins: next, a path alone, which names the last image read.
key=name
own="id created_at updated_at"
start_limit_s=120
found_at='/v2/images?limit=50'

install() {
    install_from_pypi glance
}

launch() {
    cat >"$work/glance-api.conf" <<CONF
[DEFAULT]
enabled_backends = odd:file
[database]
connection = sqlite:///$work/odd.db
[glance_store]
default_backend = odd
[odd]
filesystem_store_datadir = $work/images
[paste_deploy]
config_file = $cache/venv/etc/glance/glance-api-paste.ini
[oslo_policy]
policy_file = $work/policy.yaml
enforce_scope = false
CONF
    printf '"%s": ""\n' add_image get_images get_image modify_image delete_image publicize_image >"$work/policy.yaml"
    mkdir "$work/images"
    "$cache/venv/bin/glance-manage" --config-file "$work/glance-api.conf" db_sync
    export OS_GLANCE_CONFIG_DIR=$work
    cd "$work" || exit
    exec "$cache/venv/bin/python" -c "
import wsgiref.simple_server
from glance.wsgi.api import application
wsgiref.simple_server.make_server('127.0.0.1', $port, application).serve_forever()"
}

answers() {
    curl -fsS "$SERVER/v2/images"
}
