# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# MLflow (PyPI): next_page_token, absent at the end, in the query or in the body of a POST.
key=name
found_at=/api/2.0/mlflow/registered-models/search
own="creation_timestamp last_updated_timestamp tags"

install() {
    install_from_pypi mlflow
}

launch() {
    cd "$work" || exit
    export DO_NOT_TRACK=true MLFLOW_DISABLE_TELEMETRY=true
    exec "$cache/venv/bin/mlflow" server --host 127.0.0.1 --port "$port" --workers 1 \
        --backend-store-uri "sqlite:///$work/odd.db" --default-artifact-root "$work/artifacts"
}

answers() {
    curl -fsS "$SERVER/health"
}
