# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Prefect (PyPI): lists by POST, with a page number, or with an offset and a count apart.
key=name
found_at=/api/flows/paginate
found_with=(--data '{"limit": 50}')
loses=1
own="id created updated"

install() {
    install_from_pypi prefect
}

launch() {
    export PREFECT_HOME=$work/home PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1
    exec "$cache/venv/bin/prefect" server start --host 127.0.0.1 --port "$port" --no-ui
}

answers() {
    curl -fsS "$SERVER/api/health"
}
