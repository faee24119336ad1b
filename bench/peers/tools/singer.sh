# shellcheck shell=bash disable=SC2154 # exported by ../run.sh
# Singer: tap-rest-api-msdk | target-postgres (PyPI, Meltano's), with a state file between runs.
version=1.4.2
target_version=0.8.1

install() {
    local program
    for program in "tap-rest-api-msdk==$version" "meltanolabs-target-postgres==$target_version"; do
        python3 -m venv "$venv-${program%%==*}"
        "$venv-${program%%==*}/bin/pip" install -q --disable-pip-version-check "$program"
    done
}

prepare() {
    jq -n --arg url "$url" '{api_url: $url, pagination_request_style: "jsonpath_paginator",
        pagination_response_style: "page", next_page_token_path: "$.next", pagination_next_page_param: "page",
        streams: [{name: "records", path: "/paged", records_path: "$.data[*]", num_inference_records: 100}]}' \
        >"$home/tap.json"
    jq -n --arg schema "$schema" --arg host "$PGHOST" --argjson port "$PGPORT" --arg user "$PGUSER" \
        --arg database "$PGDATABASE" '{host: $host, port: $port, user: $user, password: "none",
        database: $database, default_target_schema: $schema, add_record_metadata: false, activate_version: false,
        load_method: "append-only"}' >"$home/target.json"
}

load() {
    local state=()
    [ ! -s "$home/state.json" ] || state=(--state "$home/state.json")
    "$venv-tap-rest-api-msdk/bin/tap-rest-api-msdk" --config "$home/tap.json" ${state[@]+"${state[@]}"} |
        "$venv-meltanolabs-target-postgres/bin/target-postgres" --config "$home/target.json" >"$home/states"
    tail -n 1 "$home/states" >"$home/state.json"
}
