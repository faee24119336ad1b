# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# PocketBase once more, whose collection changes while the stream `changes` pages: it is asked for
# by the time of change and the id, so that what is changed meanwhile comes again at the end.
# shellcheck source=tests/servers/pocketbase/server.sh
. "$here/pocketbase/server.sh"
loses=0
found_at=

fill() {
    python3 "$here/pocketbase/fill.py" "$SERVER"
}

change() {
    python3 "$here/pocketbase/fill.py" "$SERVER" change
}
