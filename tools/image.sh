#!/usr/bin/env bash
# The images of the Dockerfile, by the engine that is at hand: Docker, or else Podman.
#
#   image.sh build      builds `pagetide` and `pagetide-mock`, and says what they take
#   image.sh run ARG…   runs a container hardened as by docker-compose.yml, on the host's
#                       network; ARG…: options of `run`, the image, its arguments
#   image.sh ARG…       another command of the engine: exec, rm, save …
#
# Podman keeps all of it below build/image. Where debootstrap is installed, and we are root, the
# base is made of Debian's packages, and no registry is asked. Exits with 77 where no engine
# works.
set -euo pipefail
cd "$(dirname "$0")/.."
own=$PWD/build/image
limits=()
build=()

# Root of a container often may not; without root, Podman has a way of its own.
may_isolate() {
    [ "$(id -u)" != 0 ] || unshare --mount --pid --fork true 2>/dev/null
}

# Podman wants more descriptors and processes than root may ask for inside a container. Its
# bridges need programs that may not be there. Older control groups are known to runc alone.
choose_engine() {
    if docker info >/dev/null 2>&1; then
        engine=(docker)
    elif command -v podman >/dev/null && may_isolate; then
        engine=(podman --root "$own/store" --runroot "$own/run")
        ! command -v runc >/dev/null || engine+=(--runtime runc)
        limits=(--ulimit nofile=1024:1024 --ulimit nproc=1000:1000)
        build=(--network host)
    else
        echo "image: no running Docker here, and no Podman that may isolate (tools/deps.sh image)" >&2
        exit 77
    fi
}

has_image() {
    "${engine[@]}" image inspect "$1" >/dev/null 2>&1
}

make_base() {
    echo "image: making a base of Debian's packages" >&2
    rm -rf "$own/base"
    mkdir -p "$own"
    debootstrap --variant=minbase bookworm "$own/base" >"$own/base.log" 2>&1 || {
        tail -n 20 "$own/base.log" >&2
        exit 1
    }
    tar -C "$own/base" -c . | "${engine[@]}" import - pagetide-base >/dev/null
    rm -rf "$own/base"
}

build_image() {
    "${engine[@]}" build "${build[@]}" "${limits[@]}" --target "$1" --tag "$2" . </dev/null >&2
    echo "$2 $("${engine[@]}" image inspect --format '{{.Size}}' "$2") bytes"
}

build_images() {
    if ! has_image debian:12-slim && [ "$(id -u)" = 0 ] && command -v debootstrap >/dev/null; then
        has_image pagetide-base || make_base
        build+=(--build-arg BASE=pagetide-base)
    fi
    build_image pagetide pagetide
    build_image mock pagetide-mock
}

run_container() {
    exec "${engine[@]}" run "${limits[@]}" --network host --read-only --cap-drop ALL \
        --security-opt no-new-privileges "$@"
}

if [ $# -eq 0 ]; then
    sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
choose_engine
case $1 in
build) build_images ;;
run) run_container "${@:2}" ;;
*) exec "${engine[@]}" "$@" ;;
esac
