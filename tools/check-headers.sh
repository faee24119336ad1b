#!/usr/bin/env bash
# Every header compiles alone: it includes what it uses.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

check_one() {
    local packages=(hiredis libcurl jansson libpq libevent libfyaml libcrypto libxxhash check)
    # shellcheck disable=SC2046 # flags are words
    ${CC:-gcc} -std=gnu17 -Wall -Wextra -Werror -fsyntax-only -I. -Ilib -D_GNU_SOURCE \
        -include base/banned.h $(pkg-config --cflags "${packages[@]}") \
        -x c <(echo "#include \"$1\"") || {
        echo "$1 does not compile alone" >&2
        return 1
    }
}
export -f check_one

git ls-files '*.h' | xargs -P "$(nproc)" -I{} bash -c 'check_one "{}"'
