#!/usr/bin/env bash
# Everything at once, by chance, for so many seconds: nemesis.sh build/release 1800
#
# The seed is PAGETIDE_TEST_SEED, or the clock's; what happens is said on stdout and stands in
# build/<flavour>/test-logs/nemesis-SEED.log, what the processes said in the folder that a failure
# leaves below build/<flavour>/test-work.
set -euo pipefail

if [ $# != 2 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
cd "$(dirname "$0")/.."
build=$1
servers=$build/nemesis-servers
seed=${PAGETIDE_TEST_SEED:-$(date +%s)}
log=$build/test-logs/nemesis-$seed.log
mkdir -p "$build/test-logs"
clean() {
    local dir
    for dir in "$servers" "$build"/test-servers.*; do
        tools/servers.sh clean "$dir" || true
    done
}
trap clean EXIT
trap 'exit 130' INT TERM HUP
tools/servers.sh start "$servers"
# shellcheck disable=SC1091 # written by servers.sh
. "$servers/env"
export PAGETIDE_TEST_FSYNC=off PAGETIDE_BUILD=$build PAGETIDE_TEST_SEED=$seed NEMESIS_SECONDS=$2
echo "log: $log"
"$build/tests/fault/test_nemesis" 2>&1 | tee "$log"
