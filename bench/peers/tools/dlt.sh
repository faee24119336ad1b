# shellcheck shell=bash disable=SC2154 # exported by ../run.sh
# dlt's rest_api source (PyPI), with the columns' types declared.
version=1.31.0

install() {
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check "dlt[postgres]==$version"
}

prepare() {
    :
}

load() {
    HOME=$home RUNTIME__DLTHUB_TELEMETRY=false exec "$venv/bin/python" "$peers/dlt_rest_api.py" "$url" paged "$schema"
}
