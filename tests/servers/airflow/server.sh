# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Apache Airflow 3 (PyPI, its API server alone): limit and offset, with total_entries.
key=dag_run_id
own="queued_at end_date start_date duration run_after run_type triggered_by triggering_user_name dag_versions dag_display_name
last_scheduling_decision"
start_limit_s=240
found_at='/api/v2/dags/~/dagRuns'
found_with=(--auth 'bearer:{{ env.AIRFLOW_TOKEN }}')
export AIRFLOW_PASSWORD=odd-0123456789

install() {
    install_from_pypi apache-airflow
}

launch() {
    export AIRFLOW_HOME=$work/home AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS=odd:admin
    export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=$work/passwords
    export AIRFLOW__API__BASE_URL=$SERVER
    mkdir -p "$AIRFLOW_HOME/dags"
    printf '%s\n' 'from airflow.sdk import DAG' '' 'with DAG("odd", schedule=None):' '    pass' >"$AIRFLOW_HOME/dags/odd.py"
    echo "{\"odd\": \"$AIRFLOW_PASSWORD\"}" >"$work/passwords"
    cd "$work" || exit
    "$cache/venv/bin/airflow" db migrate
    "$cache/venv/bin/airflow" dags reserialize
    export PATH=$cache/venv/bin:$PATH
    exec "$cache/venv/bin/airflow" api-server --host 127.0.0.1 --port "$port" --workers 1
}

answers() {
    curl -fsS "$SERVER/api/v2/version"
}

fill() {
    AIRFLOW_TOKEN=$(curl -fsS "$SERVER/auth/token" -H 'Content-Type: application/json' \
        -d '{"username": "odd", "password": "'"$AIRFLOW_PASSWORD"'"}' | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
    export AIRFLOW_TOKEN
    python3 "$here/$name/fill.py" "$SERVER"
}
