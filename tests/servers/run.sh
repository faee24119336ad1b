#!/usr/bin/env bash
# Real API servers against Pagetide: run.sh build/release [SERVER…]
#
# Each folder beside this file is a server. It is installed, pinned, below build/servers/cache,
# started on a free port and filled with the odd records of records.py. Then
#
#   1. the streams of its definition.yml are read, which are `like` the catalogue's: `auto…` by
#      what Pagetide recognises alone, the others as they say;
#   2. `pagetide discover` finds a definition by the address alone, and that is read;
#   3. measure.py asks it what docs/servers.md says of it (document.py puts it there);
#   4. records are deleted, altered and added while the first stream pages (between.py); then it,
#      and the streams `since…`, which read what is new, are read again.
#
# A declared stream passes if every record has arrived exactly and its end is proved or told.
# `auto…` passes too where it says that it has read one page only, or does not end as succeeded;
# `whole…`, a list in one answer, may be assumed, and so may what server.sh says why. What `discover` prints passes unless it loses
# records unsaid, or has one twice. While records change none may be lost that was there all the
# time, nor come twice, but for as many as server.sh says its paging loses; of these none where
# the end is proved. After the change every stream that is read again must have what the server
# has; rows of deleted records may stay, but for `since`.
#
# With PEERS=1 other tools read those that have a dlt.json instead (peers.sh), and all of this is left out.
#
# A server that cannot be had on this machine is skipped, and a line says why. Before the last
# line, "N passed, N failed", a table says what came of each server.
set -uo pipefail

if [ $# -lt 1 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
cd "$(dirname "$0")/../.." || exit 2
# Nothing of the caller's servers may get in.
unset "${!PAGETIDE_@}" "${!PG@}"

build=$PWD/$1
pagetide=$build/pagetide
shift
here=$PWD/tests/servers
root=$PWD/build/servers
export PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1

# shellcheck source=tests/servers/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/servers/peers.sh
. "$here/peers.sh"

list_servers() {
    local file marker=server.sh
    [ -z "${PEERS:-}" ] || marker=dlt.json
    for file in "$here"/*/"$marker"; do
        basename "$(dirname "$file")"
    done
}

# Subshells count too: one line each.
pass() {
    echo passed >>"$root/counts"
    printf '%-34s passed: %s\n' "$1" "$2"
}

fail() {
    echo failed >>"$root/counts"
    printf '%-34s FAILED: %s\n' "$1" "$2"
}

stop_all() {
    stop_server
    tools/servers.sh clean "$root/postgres"
}
trap 'exit 130' INT TERM HUP
trap stop_all EXIT

# --- One server -----------------------------------------------------------------------------

# Prints why the server is skipped; nothing where it is ready to start.
install_server() {
    local code
    # Not in a condition, where `set -e` has no effect.
    (set -e; install) >"$work/install.log" 2>&1
    code=$?
    [ "$code" != 0 ] || return
    sed -n '$s/^skip: //p' "$work/install.log" | grep . ||
        echo "it cannot be installed: $(tail -n 1 "$work/install.log")"
}

# `set -m` gives the server a process group of its own, which stop_server ends as a whole.
start_server() {
    set -m
    { set -e; launch; } >"$work/log" 2>&1 </dev/null &
    server_pid=$!
    set +m
    await_server
}

await_server() {
    local deadline=$((SECONDS + ${start_limit_s:-600}))
    until answers >/dev/null 2>&1; do
        kill -0 "$server_pid" 2>/dev/null || return 1
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}

fill_server() {
    fill >"$work/expected.jsonl" 2>"$work/fill.log" &&
        [ "$(wc -l <"$work/expected.jsonl")" = 235 ] || return
    define >"$work/config/sources/$name.yaml"
}

stop_server() {
    [ -n "${server_pid:-}" ] || return 0
    kill -TERM -- "-$server_pid" 2>/dev/null
    for _ in $(seq 50); do
        kill -0 -- "-$server_pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$server_pid" 2>/dev/null
    wait "$server_pid" 2>/dev/null
    server_pid=
}

list_streams() {
    sed -n '/^streams:/,$s/^  \([a-z_]*\):.*/\1/p' "$here/$name/definition.yml"
}

# Prints state, proof, records and the reason of the stream's newest run, tab-separated.
newest_run() {
    psql -X -A -t -F $'\t' -c "select state, coalesce(complete, '-'), records,
            concat_ws('; ', nullif(reason, ''), complete_why)
        from pagetide.history where stream = '$1' order by run desc limit 1"
}

# Sets state, complete, records and why. False, after saying so, where no run has begun.
read_stream() {
    local stream=$1
    shift
    state='' complete='' records='' why=''
    "$pagetide" sync -c "$work/config" "$@" "$name.$stream" >"$work/$stream.log" 2>&1
    IFS=$'\t' read -r state complete records why < <(newest_run "$name.$stream")
    [ -n "${state:-}" ] || fail "$name.$stream" "$(head -n 1 "$work/$stream.log")"
    [ -n "${state:-}" ]
}

# difference STREAM EXPECTED [BEFORE]: how its table differs from a file of records.
difference() {
    local stream=$1
    shift
    psql -X -A -t -c "select to_jsonb(t) from $name.$stream t" >"$work/$stream.jsonl"
    # shellcheck disable=SC2154 # key and own are server.sh's
    "$here/compare.py" "$key" "${own:-}" "$1" "$work/$stream.jsonl" "${@:2}"
}

check_stream() {
    local stream=$1 state complete records why
    read_stream "$stream" || return
    judge_stream "$stream" "$state $complete" "$records records${why:+, $why}" \
        "$(difference "$stream" "$work/expected.jsonl")"
}

judge_stream() {
    local stream=$1 ending=$2 words=$3 difference=$4
    case $stream:$ending:${difference:+differs} in
    auto*:succeeded\ *: | whole*:succeeded\ *: | *:succeeded\ proved: | *:succeeded\ told: | \
        *:succeeded\ "${assumes:+assumed}":)
        pass "$name.$stream" "$ending: $words"
        ;;
    auto*:succeeded\ assumed:differs)
        if [[ $words == *"one page only"* && $difference != *differs* ]]; then
            pass "$name.$stream" "$ending: $words"
        else
            fail "$name.$stream" "$ending: $words; $difference"
        fi
        ;;
    auto*:succeeded\ *) fail "$name.$stream" "$ending: $words; $difference" ;;
    auto*:*) pass "$name.$stream" "$ending: $words" ;;
    *) fail "$name.$stream" "$ending: $words${difference:+; $difference}" ;;
    esac
}

# --- What is found by the address alone -----------------------------------------------------

# Prints "page, id": how the definition pages, and its key.
found_words() {
    local paging found_key
    paging=$(sed -n 's/^ *pagination: *{\{0,1\}\(type: \)\{0,1\}\([a-z_]*\).*/\2/p; s/^ *type: \([a-z_]*\)$/\1/p' \
        "$work/found/sources/found.yaml" | head -n 1)
    found_key=$(sed -n 's/^ *key: *//p' "$work/found/sources/found.yaml" | head -n 1 | tr -d '"')
    [ -n "$paging" ] || ! grep -q '^ *connection:' "$work/found/sources/found.yaml" || paging=connection
    echo "${paging:-no paging}, ${found_key:-no key}"
}

# How many rows of a table there are beside the first of each: of the columns that are the API's.
doubled() {
    psql -X -A -t -c "select count(*) - count(distinct (to_jsonb(t)
        - '{_pt_run,_pt_at,_pt_hash}'::text[])::text) from $1 t" 2>/dev/null
}

# The rows are counted: what is beside the records, a server's own, is counted too.
check_discovery() {
    local state complete records why rows twice source=${name}_found
    [ -n "${found_at:-}" ] || return 0
    mkdir -p "$work/found/sources"
    # shellcheck disable=SC2154 # found_with is server.sh's
    if ! "$pagetide" discover -c "$work/found" --name "$source.records" "${found_with[@]}" \
        "$SERVER$found_at" >"$work/found/sources/found.yaml" 2>"$work/discover.log"; then
        discovered="nothing: $(tail -n 1 "$work/discover.log")"
        pass "$name discover" "it finds no definition: $(tail -n 1 "$work/discover.log")"
        return
    fi
    "$pagetide" sync -c "$work/found" "$source.records" >"$work/found.log" 2>&1
    IFS=$'\t' read -r state complete records why < <(newest_run "$source.records")
    rows=$(psql -X -A -t -c "select count(*) from $source.records" 2>/dev/null)
    twice=$(doubled "$source.records")
    discovered="$(found_words): ${rows:-0} rows, ${state:-no run} ${complete:-}"
    if [ "${twice:-0}" != 0 ]; then
        fail "$name discover" "$discovered: $twice came twice"
    elif [ "${state:-}" = succeeded ] && [ "${rows:-0}" -lt 235 ] && [[ $why != *"one page only"* ]]; then
        fail "$name discover" "$discovered: $why"
    else
        pass "$name discover" "$discovered: ${why:-$(tail -n 1 "$work/found.log")}"
    fi
}

# What the server answers to other sizes, places and mistakes: for docs/servers.md.
measure() {
    local facts=$root/measured/$name.md
    [ -f "$here/$name/paging.json" ] || return 0 # XML, or signed
    if ! "$here/measure.py" "$here/$name/paging.json" "$SERVER" >"$facts" 2>"$work/measure.log"; then
        fail "$name measured" "$(tail -n 1 "$work/measure.log")"
        rm "$facts"
    fi
}

# --- What changes meanwhile -----------------------------------------------------------------

# A program for between.py: what server.sh's `change` prints goes to $work/changed.jsonl.
write_change() {
    {
        declare -p here name work cache port SERVER
        echo ". '$here/lib.sh'; . '$here/$name/server.sh'"
        echo "change >'$work/changed.jsonl' 2>'$work/change.log'"
    } >"$work/change.sh"
}

start_between() {
    local deadline=$((SECONDS + 60))
    between=$(free_port)
    set -m
    "$here/between.py" "$between" "$SERVER" "${answers_before:-2}" bash "$work/change.sh" >"$work/between.log" 2>&1 &
    between_pid=$!
    set +m
    until (exec 3<>"/dev/tcp/127.0.0.1/$between") 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

stop_between() {
    kill -KILL -- "-$between_pid" 2>/dev/null
    wait "$between_pid" 2>/dev/null
}

# judge_meanwhile STREAM LOST DOUBLED: more lost than the server's paging loses, or unsaid, fails.
judge_meanwhile() {
    local what="$name.$1, while it changes" words="$2 lost, $3 twice, $state $complete"
    if [ "$3" != 0 ] || [ "$2" -gt "${loses:-0}" ]; then
        fail "$what" "$words; server.sh says that it loses ${loses:-0}"
    elif [ "$2" != 0 ] && { [ "$state $complete" = 'succeeded proved' ] ||
        [[ -z ${loses_unsaid:-} && "$state $complete" == 'succeeded told' ]]; }; then
        fail "$what" "$words: nothing says so"
    else
        pass "$what" "$words${loses_unsaid:+: $loses_unsaid}"
    fi
}

# Reads the first stream anew while the server changes between its second and third page.
read_meanwhile() {
    local stream=$1 state complete records why lost twice
    psql -X -q -c "delete from $name.$stream"
    start_between || return 1
    SERVER=http://127.0.0.1:$between read_stream "$stream" --full
    stop_between
    if [ ! -f "$work/changed.jsonl" ]; then
        meanwhile="one or two answers"
        bash "$work/change.sh"
    fi
    "$here/truth.py" "$work/expected.jsonl" "$work/changed.jsonl" >"$work/truth.jsonl" || return
    [ -z "${meanwhile:-}" ] || return 0
    psql -X -A -t -c "select to_jsonb(t) from $name.$stream t" >"$work/$stream.jsonl"
    read -r lost twice < <("$here/lost.py" "$key" "$work/expected.jsonl" "$work/truth.jsonl" \
        "$work/$stream.jsonl")
    meanwhile="${lost:?} lost, $state $complete"
    judge_meanwhile "$stream" "$lost" "${twice:?}"
}

# after_change STREAM [BEFORE]
after_change() {
    local stream=$1 state complete records why difference
    read_stream "$stream" || return
    difference=$(difference "$stream" "$work/truth.jsonl" "${@:2}")
    if [ "$state" = succeeded ] && [ -z "$difference" ]; then
        pass "$name.$stream, changed" "$state $complete: $records records${why:+, $why}"
    else
        fail "$name.$stream, changed" "$state $complete: $records records, $why; $difference"
    fi
}

check_changes() {
    local stream first
    if [ -n "${fixed:-}" ]; then
        meanwhile="not tried: $fixed"
        return
    fi
    first=$(list_streams | head -n 1)
    write_change
    if ! read_meanwhile "$first"; then
        fail "$name, changed" "it cannot be changed: $(tail -n 1 "$work/change.log")"
        return
    fi
    case $meanwhile in
    *answers) echo "$name.$first, while it changes: $meanwhile" ;;
    esac
    for stream in $(list_streams); do
        case $stream in
        since) after_change "$stream" ;;
        since_kept | "$first") after_change "$stream" "$work/expected.jsonl" ;;
        esac
    done
}

# --- The whole of a server ------------------------------------------------------------------

check_server() {
    local stream discovered=- meanwhile='' before
    before=$(count failed)
    for stream in $(list_streams); do
        check_stream "$stream"
    done
    check_discovery
    measure
    check_changes
    printf '%s\t%s\t%s\t%s\t%s\n' "$name" "$(cat "$cache/version")" \
        "$([ "$(count failed)" = "$before" ] && echo whole || echo FAILED)" \
        "$meanwhile" "$discovered" >"$root/measured/$name.row"
    cat "$root/measured/$name.row" >>"$root/table"
}

run_server() {
    local skipped
    work=$root/work/$name
    cache=$root/cache/$name
    rm -rf "$work"
    mkdir -p "$work/config/sources" "$cache"
    port=$(free_port)
    export SERVER=http://127.0.0.1:$port
    skipped=$(install_server)
    if [ -n "$skipped" ]; then
        echo "$name: skipped: $skipped"
    elif ! start_server; then
        fail "$name" "it does not start: $(tail -n 1 "$work/log")"
    elif ! fill_server; then
        fail "$name" "it cannot be filled: $(tail -n 1 "$work/fill.log")"
    elif [ -n "${PEERS:-}" ]; then
        check_peers
    else
        check_server
    fi
    stop_server
}

# --- All of them ----------------------------------------------------------------------------

# A server's functions and variables end with its subshell.
run_named() {
    name=$1
    if [ ! -f "$here/$name/server.sh" ]; then
        fail "$name" "there is no such server; there are: $(list_servers | xargs)"
        return
    fi
    (
        trap 'stop_server; [ -z "${between_pid:-}" ] || stop_between' EXIT
        trap 'exit 130' INT TERM HUP
        # shellcheck disable=SC1090 # one per server
        . "$here/$name/server.sh"
        run_server
    )
}

count() {
    grep -cx "$1" "$root/counts"
}

# Tried against which version, what came of it, what was lost while records changed, what
# `discover` made of it.
print_table() {
    [ -s "$root/table" ] || return 0
    { printf 'server\tversion\tread\twhile it changes\tdiscover\n'; cat "$root/table"; } |
        column -t -s $'\t'
}

mkdir -p "$root/measured"
: >"$root/counts"
: >"$root/table"
PAGETIDE_TEST_FSYNC=off tools/servers.sh start --pg-only "$root/postgres" || exit 1
# shellcheck disable=SC1091 # written by servers.sh
. "$root/postgres/env"
"$pagetide" migrate >/dev/null || exit 1
[ $# -gt 0 ] || mapfile -t servers < <(list_servers)
if [ -n "${PEERS:-}" ]; then
    install_peers || exit 1
    : >"$root/peers"
fi
for server in "$@" "${servers[@]}"; do
    run_named "$server"
done
if [ -n "${PEERS:-}" ]; then
    print_peers
    exit
fi
print_table
echo "$(count passed) passed, $(count failed) failed"
[ "$(count failed)" = 0 ] && [ "$(count passed)" != 0 ]
