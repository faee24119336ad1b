# shellcheck shell=bash disable=SC2154 # exported by ../run.sh
# PyAirbyte (PyPI), which runs a low-code manifest by Airbyte's CDK 7.39.1, and loads what comes.
version=0.71.3

install() {
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check "airbyte==$version" airbyte-cdk==7.39.1
}

prepare() {
    :
}

load() {
    cd "$home" || exit
    HOME=$home AIRBYTE_OFFLINE_MODE=1 DO_NOT_TRACK=1 exec "$venv/bin/python" "$peers/airbyte_manifest.py" "$url" paged "$schema"
}
