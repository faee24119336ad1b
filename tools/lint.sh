#!/usr/bin/env bash
# Format, comments, clang-tidy, layers, printing, circles, headers, function lengths, shell scripts.
# `lint.sh quick` leaves clang-tidy out, which takes minutes; what it found clean it does not
# read again until a source, a header or its settings change.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

packages=(hiredis libcurl jansson libpq libevent libfyaml libssl libcrypto libxxhash check)
stamps=build/lint
failed=()

step() {
    local name=$1
    shift
    echo "lint: $name"
    "$@" || failed+=("$name")
}

check_format() {
    git ls-files '*.c' '*.h' | xargs clang-format --dry-run --Werror || return 1
    # clang-format leaves comments alone, so that tables in them live.
    ! git ls-files '*.c' '*.h' | LC_ALL=C.UTF-8 xargs grep -nE '^.{97,}'
}

# The settings and all headers in one sum: a change of any header reads everything again.
sum_settings() {
    { cat .clang-tidy tools/lint.sh; git ls-files '*.h' | xargs cat; } | cksum | tr -d ' '
}

# The analyzer looks deep enough to see that a function which failed returned false.
tidy_one() {
    local file=$1 stamp said
    stamp=$stamps/${file//\//-}.$({ echo "$settings"; cat "$file"; } | cksum | tr ' ' -)
    [ ! -f "$stamp" ] || return 0
    # shellcheck disable=SC2086 # flags are words
    said=$(clang-tidy --quiet "$file" -- -std=gnu17 -I. -Ilib -D_GNU_SOURCE \
        -DPAGETIDE_VERSION='"lint"' -include base/banned.h $flags \
        -Xclang -analyzer-inline-max-stack-depth -Xclang 12 2>&1) || {
        echo "$said"
        return 1
    }
    rm -f "$stamps/${file//\//-}".*
    : >"$stamp"
}
export -f tidy_one

check_tidy() {
    mkdir -p "$stamps"
    settings=$(sum_settings)
    flags=$(pkg-config --cflags "${packages[@]}")
    export stamps settings flags
    git ls-files '*.c' | xargs -P "$(nproc)" -I{} bash -c 'tidy_one "{}"'
}

check_shell() {
    git ls-files '*.sh' .ci/run | xargs shellcheck
}

# Each has its line in the index.
check_findings() {
    diff <(git ls-files 'findings/*.sh' | sed 's|.*/||' | sort) \
        <(sed -n '/^| .[a-z0-9-]*[.]sh/s/^| .\([^.]*[.]sh\).*/\1/p' findings/README.md | sort)
}

tools/deps.sh lint || exit 1
step format check_format
step comments tools/check-comments.sh
step layers tools/check-layers.sh
step printing tools/check-printing.sh
step circles tools/check-circles.sh
step headers tools/check-headers.sh
step functions tools/check-functions.sh
step shellcheck check_shell
step findings check_findings
[ "${1:-}" = quick ] || step clang-tidy check_tidy

if [ ${#failed[@]} -gt 0 ]; then
    echo "lint: not clean: ${failed[*]}" >&2
    exit 1
fi
echo "lint: clean"
