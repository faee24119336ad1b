#!/usr/bin/env bash
# Private PostgreSQL and Redis servers for tests and the demo, on 127.0.0.1 and free ports.
#
#   servers.sh start [--pg-only] DIR   starts what is not running; DIR/env tells where
#   servers.sh replicate PORT DIR      a PostgreSQL in DIR that replicates the one at PORT; what
#                                      was in DIR goes, its port is kept
#   servers.sh stop DIR                stops both, keeps PostgreSQL's data
#   servers.sh clean DIR               stops both and removes what start made
#
# DIR/env holds export lines: PAGETIDE_DATABASE_URL PAGETIDE_REDIS_URL PGHOST PGPORT PGUSER
# PGDATABASE PG_PID REDIS_PORT REDIS_PID. PAGETIDE_TEST_FSYNC=off saves the disk some work,
# PAGETIDE_TEST_BUFFERS=128MB is what PostgreSQL has by itself, PAGETIDE_TEST_NAPTIME=1min the
# time in which autovacuum goes through all databases.
# PostgreSQL refuses to run as root: root starts it as the user postgres, with the data under
# /tmp where that user cannot reach DIR.
set -euo pipefail

fail() {
    echo "servers.sh: $*" >&2
    exit 1
}

usage() {
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# Below the kernel's ephemeral range, so that no client's own port takes it meanwhile.
random_port() {
    echo $((20000 + (RANDOM * 32768 + RANDOM) % 12700))
}

# The pid could be another program's by now: the name is compared too.
is_alive() {
    [ -n "${1:-}" ] && [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ] &&
        ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

await_end() {
    local pid=$1 name=$2
    for _ in $(seq 200); do
        is_alive "$pid" "$name" || return 0
        sleep 0.05
    done
    return 1
}

# --- PostgreSQL -----------------------------------------------------------------------------

find_pg_bin() {
    local found
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    if [ -x "$found/initdb" ]; then
        echo "$found"
    elif command -v initdb >/dev/null; then
        dirname "$(command -v initdb)"
    else
        fail "PostgreSQL is not installed (make deps)"
    fi
}

as_pg() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# The folder of data and log: DIR/postgres, or one under /tmp that DIR/postgres.home names.
choose_pg_home() {
    local home=$dir/postgres
    if [ -f "$dir/postgres.home" ]; then
        home=$(cat "$dir/postgres.home")
        [ -d "$home" ] && echo "$home" && return
        home=$dir/postgres
    fi
    mkdir -p "$home"
    if [ "$(id -u)" = 0 ]; then
        chown postgres: "$home" || fail "there is no user postgres to run PostgreSQL as"
        if ! as_pg test -w "$home"; then
            rmdir "$home"
            home=$(mktemp -d /tmp/pagetide-postgres.XXXXXX)
            chown postgres: "$home"
        fi
    fi
    echo "$home" >"$dir/postgres.home"
    echo "$home"
}

pg_pid() {
    head -n 1 "$1/data/postmaster.pid" 2>/dev/null || true
}

init_pg() {
    local home=$1 said
    said=$(as_pg "$pg_bin/initdb" -D "$home/data" -U postgres -E UTF8 --locale=C.UTF-8 \
        --auth=trust --no-sync 2>&1) || fail "initdb: $said"
    as_pg tee -a "$home/data/postgresql.conf" >/dev/null <<END
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = ${PAGETIDE_TEST_BUFFERS:-32MB}
max_connections = 200
fsync = ${PAGETIDE_TEST_FSYNC:-on}
autovacuum_naptime = ${PAGETIDE_TEST_NAPTIME:-1min}
END
}

# Asynchronously, as the replica that start_pg starts then.
copy_pg() {
    local home said
    pg_bin=$(find_pg_bin)
    home=$(choose_pg_home)
    is_alive "$(pg_pid "$home")" postgres && fail "what is to be replaced still runs"
    rm -rf "$home/data"
    said=$(as_pg "$pg_bin/pg_basebackup" -d "host=127.0.0.1 port=$1 user=postgres" \
        -D "$home/data" -R -X stream --checkpoint=fast --no-sync 2>&1) ||
        fail "pg_basebackup: $said"
}

start_pg() {
    local home port attempt
    pg_bin=$(find_pg_bin)
    home=$(choose_pg_home)
    if is_alive "$(pg_pid "$home")" postgres; then
        pg_port=$(sed -n 4p "$home/data/postmaster.pid")
        PG_PID=$(pg_pid "$home")
        return
    fi
    [ -f "$home/data/PG_VERSION" ] || init_pg "$home"
    # The port of last time first: a client that comes back looks there. Backends of a killed
    # server may need a moment to go.
    for attempt in 1 2 3 4 5 6 7 8; do
        port=$(cat "$dir/postgres.port" 2>/dev/null || random_port)
        [ "$attempt" -lt 6 ] || port=$(random_port)
        if as_pg "$pg_bin/pg_ctl" start -s -w -D "$home/data" -l "$home/log" -o "-p $port" \
            >/dev/null 2>&1; then
            pg_port=$port
            PG_PID=$(pg_pid "$home")
            echo "$port" >"$dir/postgres.port"
            return
        fi
        sleep 0.5
    done
    fail "PostgreSQL does not start: $(tail -n 5 "$home/log" 2>&1)"
}

stop_pg() {
    local home pid
    [ -f "$dir/postgres.home" ] || return 0
    home=$(cat "$dir/postgres.home")
    pid=$(pg_pid "$home")
    is_alive "$pid" postgres || return 0
    kill -CONT "$pid"
    kill -INT "$pid"
    await_end "$pid" postgres && return
    kill -QUIT "$pid"
    await_end "$pid" postgres || fail "PostgreSQL (pid $pid) does not stop"
}

# --- Redis ----------------------------------------------------------------------------------

redis_answers() {
    redis-cli -h 127.0.0.1 -p "$2" info server 2>/dev/null | grep -q "^process_id:$1[^0-9]*$"
}

launch_redis() {
    local port=$1 pid
    setsid redis-server --port "$port" --bind 127.0.0.1 --dir "$dir/redis" --save '' \
        --databases 1000 --appendonly no --enable-debug-command local </dev/null >"$dir/redis/log" 2>&1 &
    pid=$!
    for _ in $(seq 100); do
        if redis_answers "$pid" "$port"; then
            REDIS_PID=$pid
            REDIS_PORT=$port
            return
        fi
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.05
    done
    kill "$pid"
    return 1
}

start_redis() {
    command -v redis-server >/dev/null || fail "Redis is not installed (make deps)"
    is_alive "$REDIS_PID" redis-server && return
    mkdir -p "$dir/redis"
    for _ in 1 2 3 4 5; do
        launch_redis "$(random_port)" && return
    done
    fail "Redis does not start: $(tail -n 5 "$dir/redis/log" 2>&1)"
}

stop_redis() {
    local pid
    pid=$(saved REDIS_PID)
    is_alive "$pid" redis-server || return 0
    kill -CONT "$pid"
    kill -TERM "$pid"
    await_end "$pid" redis-server && return
    kill -KILL "$pid"
    await_end "$pid" redis-server || fail "Redis (pid $pid) does not stop"
}

# --- Both -----------------------------------------------------------------------------------

saved() {
    sed -n "s/^export $1=//p" "$dir/env" 2>/dev/null || true
}

write_env() {
    {
        echo "export PGHOST=127.0.0.1"
        echo "export PGPORT=$pg_port"
        echo "export PGUSER=postgres"
        echo "export PGDATABASE=postgres"
        echo "export PAGETIDE_DATABASE_URL=postgresql://postgres@127.0.0.1:$pg_port/postgres"
        echo "export PG_PID=$PG_PID"
        [ -z "$REDIS_PORT" ] || {
            echo "export PAGETIDE_REDIS_URL=redis://127.0.0.1:$REDIS_PORT"
            echo "export REDIS_PORT=$REDIS_PORT"
            echo "export REDIS_PID=$REDIS_PID"
        }
    } >"$dir/env.new"
    mv "$dir/env.new" "$dir/env"
}

start_both() {
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    REDIS_PID=$(saved REDIS_PID)
    REDIS_PORT=$(saved REDIS_PORT)
    [ "$pg_only" = yes ] || start_redis
    trap '[ "$?" = 0 ] || stop_redis_of_this_start' EXIT
    start_pg
    write_env
}

# A Redis that env does not name yet would be left running.
stop_redis_of_this_start() {
    [ "$REDIS_PID" = "$(saved REDIS_PID)" ] || kill "$REDIS_PID"
}

clean_both() {
    local home
    home=$(cat "$dir/postgres.home" 2>/dev/null || true)
    case $home in
    /tmp/pagetide-postgres.*) rm -rf "$home" ;;
    esac
    rm -rf "$dir/postgres" "$dir/redis" "$dir/env" "$dir/postgres.home" "$dir/postgres.port"
    rmdir "$dir" 2>/dev/null || true
}

command=${1:-}
[ $# -gt 0 ] && shift
pg_only=no
if [ "${1:-}" = --pg-only ]; then
    pg_only=yes
    shift
fi
replicated=
if [ "$command" = replicate ]; then
    replicated=${1:-}
    [ $# = 0 ] || shift
    pg_only=yes
fi
[ $# = 1 ] || usage
dir=$1

case $command in
start) start_both ;;
replicate)
    mkdir -p "$dir"
    copy_pg "$replicated"
    start_both
    ;;
stop | clean)
    [ -d "$dir" ] || exit 0
    stop_redis
    stop_pg
    rm -f "$dir/env"
    [ "$command" = stop ] || clean_both
    ;;
*) usage ;;
esac
