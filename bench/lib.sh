# shellcheck shell=bash
# shellcheck disable=SC2154 # set by run.sh
# What the rows share; sourced from run.sh. Private servers and the API's files are below $dir.

fail() {
    echo "bench: $*" >&2
    exit 1
}

# Where a program that this machine cannot have is part of a row.
skip() {
    echo "skipped: $*" >&2
}

sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# --- Servers ----------------------------------------------------------------------------------

pids=()

# Only what this script started.
stop_all() {
    local pid
    for pid in ${pids[@]+"${pids[@]}"}; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    pids=()
    tools/servers.sh clean "$dir/servers"
    rm -rf "$dir"
}

await() {
    local what=$1
    shift
    for _ in $(seq 200); do
        "$@" && return
        sleep 0.1
    done
    fail "waited 20 s for $what in vain"
}

start_databases() {
    PAGETIDE_TEST_BUFFERS=128MB tools/servers.sh start "$dir/servers"
    # shellcheck disable=SC1091 # written by servers.sh
    . "$dir/servers/env"
    export PGOPTIONS="-c client_min_messages=warning"
    "$build/pagetide" migrate -c "$dir" --log-level error >/dev/null
}

# The API: the files of $dir/api, a page each; below /slow/ each takes 50 ms.
write_nginx_conf() {
    local temp paths='' user=''
    for temp in client_body proxy fastcgi uwsgi scgi; do
        paths="$paths ${temp}_temp_path $dir/nginx;"
    done
    [ "$(id -u)" != 0 ] || user="user root;"
    cat >"$dir/nginx.conf" <<END
load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
$user
worker_processes 1;
daemon off;
pid $dir/nginx.pid;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    sendfile on;
    tcp_nopush on;
    default_type application/json;
    types { }
    $paths
    server {
        listen 127.0.0.1:$1;
        root $dir/api;
        set \$page 1;
        if (\$arg_page) { set \$page \$arg_page; }
        location / { try_files \$uri/\$page =404; }
        location ~ ^/(ndjson|csv|xml)\$ { add_header X-Pages $form_pages; try_files \$uri/\$page =404; }
        location /slow/ { echo_sleep 0.05; echo_exec /late\$uri \$args; }
        location ~ ^/late/slow/(.*)\$ { internal; alias $dir/api/\$1/\$page; }
    }
}
END
}

start_nginx() {
    local port pid
    for _ in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 12000))
        write_nginx_conf "$port"
        nginx -e "$dir/nginx.log" -c "$dir/nginx.conf" &
        pid=$!
        for _ in $(seq 50); do
            [ ! -s "$dir/nginx.pid" ] || break 2
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
    done
    [ -s "$dir/nginx.pid" ] || fail "nginx does not start: $(tail -n 5 "$dir/nginx.log")"
    pids+=("$pid")
    url=http://127.0.0.1:$port
}

# The mock API of the tests, which makes any number of pages.
start_mock() {
    [ -z "${mock_url:-}" ] || return 0
    "$build/bench/mock" >"$dir/mock.port" &
    pids+=($!)
    await "the mock API" grep -q '^port' "$dir/mock.port"
    mock_url=http://127.0.0.1:$(sed -n 's/^port //p' "$dir/mock.port")
}

# --- Records and tables -----------------------------------------------------------------------

# shellcheck disable=SC2034 # for rows/
fields="id uuid code name email status active quantity price ratio created_at updated_at due_on address note"
columns="id: bigint, uuid: uuid, code: text, name: text, email: text, status: text, active: boolean, \
quantity: integer, price: 'numeric(12,2)', ratio: double precision, created_at: timestamptz, \
updated_at: timestamptz, due_on: date, address: jsonb, note: text"

# gen FORM FIRST COUNT PER_PAGE NAME [changed|bad]; made once.
gen() {
    local to=$dir/api/$5
    [ ! -e "$to" ] || return 0
    case $1 in J | T) ;; *) mkdir -p "$to" ;; esac
    "$build/bench/gen" "$1" "$2" "$3" "$4" "$to" "${6:-}"
}

# define SOURCE [BASE_URL]: the streams are on stdin.
define() {
    { printf 'source: %s\nbase_url: %s\n' "$1" "${2:-$url}" && cat; } >"$dir/sources/$1.yaml"
}

# sum_of TABLE [COLUMNS]: count and checksum, of the columns that are not the run's own.
sum_of() {
    local list=${2:-*}
    sql -c "select count(*) || ' ' || coalesce(sum(hashtextextended(
        (to_jsonb(r) - '{_pt_run,_pt_at,_pt_hash,_pt_aside,_pt_deleted_at}'::text[])::text, 0)), 0)
        from (select $list from $1) r"
}

# same TABLE TRUTH [COLUMNS]: else nothing of the row counts.
same() {
    local there wanted
    there=$(sum_of "$1" "${3:-*}")
    wanted=$(sum_of "$2" "${3:-*}")
    [ "$there" = "$wanted" ] || fail "$1 ($there) differs from $2 ($wanted)"
}

make_copied() {
    local definition="id bigint primary key, record jsonb"
    [ "$1" = J ] || definition=$(sed "s/: / /g; s/'//g" <<<"$columns")
    sql -c "create schema if not exists bench" -c "drop table if exists bench.$2" \
        -c "create table bench.$2 ($definition)"
}

# --- Measuring --------------------------------------------------------------------------------

# A line of NAME: wall, user and system seconds, and the most memory in MB, of the command.
measure() {
    local name=$1
    shift
    "$build/bench/measure" "$dir/m/$name" "$@" >"$dir/out" 2>&1 || {
        cat "$dir/out" >&2
        fail "failed: $*"
    }
}

# \copy of J or T into a fresh table: turn_copy NAME J|T [FILE]
turn_copy() {
    make_copied "$2" "copied_$2"
    sql -c checkpoint
    measure "$1" psql -X -q -v ON_ERROR_STOP=1 -c "\\copy bench.copied_$2 from '$dir/api/${3:-$2}'"
}

# turn_sync NAME SOURCE.STREAM [OPTION…]: into what there is of its table.
turn_sync() {
    local name=$1 stream=$2
    shift 2
    sql -c checkpoint
    measure "$name" "$build/pagetide" sync "$stream" -c "$dir" --log-level error --connections 1 "$@"
}

turn_fresh() {
    sql -c "drop table if exists $2"
    turn_sync "$@"
}

# Of the numbers on stdin.
median() {
    sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

wall() {
    cut -d' ' -f1 "$dir/m/$1" | median
}

cpu() {
    awk '{ print $2 + $3 }' "$dir/m/$1" | median
}

memory() {
    cut -d' ' -f4 "$dir/m/$1" | median
}

# calc FORMULA, with at most six significant digits.
calc() {
    awk "BEGIN { printf \"%.6g\\n\", $1 }"
}


# result ID VALUE UNIT NAME NUMBER [NAME NUMBER…]: the figure, and what it is made of, in UNIT.
result() {
    local id=$1 value=$2 unit=$3
    shift 3
    jq -n -c --arg id "$id" --argjson value "$value" --arg unit "$unit" \
        '{id: $id, value: $value, of_unit: $unit,
          of: [$ARGS.positional | range(0; length; 2) as $i | {name: .[$i], value: (.[$i + 1] | tonumber)}]}' \
        --args "$@" >>"$dir/results"
    echo "$id: $value" >&2
}

# How many times as fast as NAME is: versus ID NAME LABEL BASE LABEL, in records a second.
versus() {
    local id=$1 ours=$2 base=$4 count=${6:-$records}
    result "$id" "$(calc "$(wall "$base") / $(wall "$ours")")" "records/s" \
        "$3" "$(calc "$count / $(wall "$ours")")" "$5" "$(calc "$count / $(wall "$base")")"
}
