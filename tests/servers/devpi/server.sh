# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# devpi-server (PyPI), an index of packages: the versions of a project, an object by version, in one answer.
key=version
found_at=/root/odd/odd
found_with=(--header 'Accept: application/json')

install() {
    install_from_pypi devpi-server
}

launch() {
    "$cache/venv/bin/devpi-init" --serverdir "$work/data" --root-passwd odd
    exec "$cache/venv/bin/devpi-server" --serverdir "$work/data" --host 127.0.0.1 --port "$port" --offline-mode
}

answers() {
    curl -fsS "$SERVER/+api"
}
