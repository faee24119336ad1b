#!/usr/bin/env bash
# Installs what a bare Debian 12 lacks to build, test and demonstrate Pagetide.
#
#   deps.sh         compiler, libraries, the servers that tests and the demo start privately
#   deps.sh lint    what `make lint` needs besides
#   deps.sh build   what `make build` needs, and no servers
#   deps.sh valgrind  what `make valgrind` needs besides
#   deps.sh fuzz    what `make fuzz` needs besides
#   deps.sh bench   all of the first, and what `make bench` needs besides
#   deps.sh deb     what `make deb` needs, and no servers
#   deps.sh image   what `make image` needs where no Docker runs: Podman
#   deps.sh ci      all of the first, and those of `deb`
#   deps.sh web     all of the first, and a browser for `make web`
#
# Does nothing where all is there. Servers that come new with this are neither started nor
# enabled; those that were there before are left as they are.
set -euo pipefail

build=(gcc libc6-dev make pkg-config libhiredis-dev libcurl4-openssl-dev libjansson-dev libpq-dev
    libevent-dev libfyaml-dev libssl-dev libxxhash-dev zlib1g-dev libexpat1-dev check)
servers=(postgresql redis-server docker-registry pgbouncer nginx prometheus)
run=(git redis-tools openssl ca-certificates iso-codes procps python3 python3-jinja2
    libnginx-mod-http-brotli-filter zstd tinyproxy-bin libfaketime)
lint=(git clang-format clang-tidy shellcheck)
bench=(nginx-light jq python3-venv)
fuzz=(clang llvm libclang-rt-dev)
valgrind=(valgrind libc6-dbg)
deb=(git debhelper dpkg-dev lintian systemd)
image=(podman runc debootstrap)
web=(chromium fonts-dejavu-core)

say() {
    echo "deps: $*" >&2
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

list_missing() {
    local package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            echo "$package"
    done
}

# What of these packages a machine would run by itself.
list_units() {
    [[ " $* " != *" podman "* ]] ||
        printf 'podman%s\n' .socket .service -restart.service -auto-update.timer
    printf '%s\n' "$@" | grep -xF "$(printf '%s\n' "${servers[@]}")" | sed 's/$/.service/'
}

has_systemd() {
    [ -d /run/systemd/system ]
}

# A package's own script starts its server at once, on the server's usual port. A mask that
# the next boot forgets stops that.
mask() {
    if [ $# -gt 0 ] && has_systemd; then
        as_root systemctl --quiet mask --runtime "$@"
    fi
}

unmask() {
    if [ $# -gt 0 ] && has_systemd; then
        as_root systemctl --quiet disable "$@" || true
        as_root systemctl --quiet unmask --runtime "$@"
    fi
}

install() {
    local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    say "apt-get install $*"
    "${apt[@]}" update </dev/null >&2
    "${apt[@]}" install --no-install-recommends "$@" </dev/null >&2
}

if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system: install these, or what they are called there, by hand:"
    say "${build[*]} ${servers[*]} ${run[*]}"
    pkg-config --exists hiredis libcurl jansson libpq libevent libfyaml libssl libcrypto libxxhash zlib expat check
    exit
fi

case ${1:-} in
'') wanted=("${build[@]}" "${servers[@]}" "${run[@]}") ;;
lint) wanted=("${build[@]}" "${lint[@]}") ;;
build) wanted=("${build[@]}") ;;
valgrind) wanted=("${build[@]}" "${valgrind[@]}") ;;
fuzz) wanted=("${build[@]}" "${fuzz[@]}") ;;
bench) wanted=("${build[@]}" "${servers[@]}" "${run[@]}" "${bench[@]}") ;;
deb) wanted=("${build[@]}" "${deb[@]}") ;;
image)
    ! docker info >/dev/null 2>&1 || exit 0
    wanted=("${image[@]}")
    ;;
ci) wanted=("${build[@]}" "${servers[@]}" "${run[@]}" "${deb[@]}") ;;
web) wanted=("${build[@]}" "${servers[@]}" "${run[@]}" "${web[@]}") ;;
*)
    sed -n '2,15s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

mapfile -t missing < <(list_missing "${wanted[@]}")
[ ${#missing[@]} -gt 0 ] || exit 0
mapfile -t new_units < <(list_units "${missing[@]}")
mask "${new_units[@]}"
trap 'unmask "${new_units[@]}"' EXIT
install "${missing[@]}"
