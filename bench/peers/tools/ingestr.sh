# shellcheck shell=bash disable=SC2154 # exported by ../run.sh
# ingestr (PyPI, the last version with its program in the package): of an API that is not built
# in it reads one file over HTTP, which has no pages.
version=0.15.9

install() {
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check "ingestr==$version"
}

prepare() {
    :
}

load() {
    HOME=$home DISABLE_TELEMETRY=true exec "$venv/bin/ingestr" ingest --yes --progress log \
        --source-uri "$url/records.jsonl" --source-table records#jsonl --incremental-strategy append \
        --dest-uri "postgresql://$PGUSER:none@$PGHOST:$PGPORT/$PGDATABASE?sslmode=disable" --dest-table "$schema.records"
}
