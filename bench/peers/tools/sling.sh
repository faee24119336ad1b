# shellcheck shell=bash disable=SC2154 # exported by ../run.sh
# Sling (PyPI: the last version with its program in the package). Lists of an API are a part of
# CLI Pro, so it reads one file of lines over HTTP, which has no pages.
version=1.4.11

install() {
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check "sling-linux-amd64==$version"
}

prepare() {
    :
}

load() {
    export HOME=$home SLING_HOME_DIR=$home/sling SLING_DISABLE_TELEMETRY=true
    export TARGET="postgres://$PGUSER:none@$PGHOST:$PGPORT/$PGDATABASE?sslmode=disable"
    exec "$venv"/lib/python3*/site-packages/sling_linux_amd64/bin/sling-linux-amd64 run \
        --src-stream "$url/records.jsonl" --src-options '{flatten: true, format: jsonlines}' \
        --tgt-conn TARGET --tgt-object "$schema.records" --mode full-refresh
}
