#!/usr/bin/env bash
# Writes the source archive: dist.sh pagetide-0.1.0 OUT/pagetide-0.1.0.tar.gz
#
# The tracked files as they are in the work tree; of an unpacked archive, all of its files. The
# same files give the same bytes: names in order, no owners, and one time, SOURCE_DATE_EPOCH, or
# that of the commit, or that of the archive.
set -euo pipefail

if [ $# -ne 2 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
cd "$(dirname "$0")/.."
export LC_ALL=C

# Also where the tree belongs to another user, as in a container of continuous integration.
ask_git() {
    git -c safe.directory="$(pwd -P)" "$@"
}

if [ -e .git ]; then
    files=$(ask_git ls-files)
    made_at=$(ask_git log -1 --format=%ct)
else
    files=$(find . -type f ! -path './build/*' -printf '%P\n')
    made_at=$(stat -c %Y Makefile)
fi
mkdir -p "$(dirname "$2")"
sort <<<"$files" | tar --create --format=ustar --no-recursion --owner=0 --group=0 \
    --numeric-owner --mode=u=rwX,go=rX --mtime="@${SOURCE_DATE_EPOCH:-$made_at}" \
    --transform="s,^,$1/,S" --files-from=- | gzip -9n >"$2.new"
mv "$2.new" "$2"
echo "$2"
