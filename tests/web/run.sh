#!/usr/bin/env bash
# The dashboard in a real browser: run.sh build/release [PICTURES]. PostgreSQL, Redis, an API and
# `pagetide up` of its own under build/web, on free ports; all are gone when it ends. With
# PICTURES, a folder, a picture of each page goes there.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Nothing of the caller's servers may get in.
unset "${!PAGETIDE_@}" "${!PG@}" "${!REDISCLI@}"

build=${1:-build/release}
dir=build/web

why_not=$(python3 -B -c 'import sys; sys.path.insert(0, "tests/web"); import browser
print(browser.why_not() or "")')
if [ -n "$why_not" ]; then
    echo "web: passed over: $why_not; the API is tested by make flow"
    exit 0
fi

trap 'tools/servers.sh clean "$dir/servers"' EXIT
trap 'exit 130' INT TERM HUP
tools/servers.sh clean "$dir/servers"
rm -rf "$dir"
mkdir -p "$dir/config/sources"
PAGETIDE_TEST_FSYNC=off tools/servers.sh start "$dir/servers"
# shellcheck disable=SC1091 # written by servers.sh
. "$dir/servers/env"
python3 -B tests/web/test_dashboard.py "$build" "$dir" "${2:-}"
