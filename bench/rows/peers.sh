# shellcheck shell=bash
# shellcheck disable=SC2154 # set by run.sh
# What one would write, or install, instead. The same API, the same table, start-up included.

venv=build/bench/venv

# Once for all runs; a machine that PyPI does not answer goes without.
has_python() {
    [ ! -e "$venv/whole" ] || return 0
    python3 -m venv "$venv" &&
        timeout 300 "$venv/bin/pip" install -q --disable-pip-version-check -r bench/peers/requirements.txt \
            >"$dir/pip.log" 2>&1 && : >"$venv/whole"
}

# turn_peer NAME COMMAND…: the command loads bench.copied_T, by its last argument.
turn_peer() {
    local name=$1
    shift
    make_copied T copied_T
    sql -c checkpoint
    measure "$name" "$@" "$url/p1000" bench.copied_T
    compare_load bench.copied_T
}

turn_dlt() {
    sql -c "drop schema if exists dlt cascade" -c checkpoint
    measure dlt env HOME="$dir/home" RUNTIME__DLTHUB_TELEMETRY=false "$venv/bin/python" \
        bench/peers/dlt_rest_api.py "$url" p1000 dlt
    # Its numeric has nine digits after the point, its uuid is text.
    same dlt.records bench.truth_T \
        "id, code, name, active, round(price, 2) as price, created_at, updated_at, due_on, note"
}

group_peer() {
    local has_python=no
    define_load
    make_truth
    if has_python; then has_python=yes; else skip "peer-python, peer-dlt: pip cannot install them"; fi
    for _ in $(seq "$rounds"); do
        turn_fresh peer load.typed
        turn_peer c "$build/bench/peers/curl_copy"
        [ $has_python = no ] || turn_peer python "$venv/bin/python" bench/peers/requests_copy.py
    done
    versus peer-c peer "pagetide sync" c "curl, jansson, libpq"
    [ $has_python = yes ] || return 0
    versus peer-python peer "pagetide sync" python "requests, psycopg"
    for _ in $(seq "$dlt_rounds"); do
        turn_dlt
    done
    versus peer-dlt peer "pagetide sync" dlt "dlt"
}
