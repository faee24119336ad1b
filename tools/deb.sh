#!/usr/bin/env bash
# Builds the Debian package from the source archive, without git: deb.sh VERSION OUT
#
# The archive is unpacked in OUT, which is made anew. lintian then looks at the packages; what
# it says fails.
set -euo pipefail

if [ $# -ne 2 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
cd "$(dirname "$0")/.."
name=pagetide-$1
out=$PWD/$2
rm -rf "$out"
tools/dist.sh "$name" "$out/$name.tar.gz"
tar -xzf "$out/$name.tar.gz" -C "$out"
cd "$out/$name"
# Below a git tree: the build must not find it, nor take over how this one was called.
GIT_DIR=/nonexistent DEB_BUILD_OPTIONS="parallel=$(nproc)" MAKEFLAGS='' \
    env -u FLAVOUR -u CI -u DEV -u KINDS dpkg-buildpackage --build=binary --no-sign \
    >"$out/build.log" 2>&1 || {
    tail -n 40 "$out/build.log" >&2
    exit 1
}
lintian --fail-on error,warning --tag-display-limit 0 "$out"/*.changes
ls "$out"/*.deb
