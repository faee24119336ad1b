# shellcheck shell=bash disable=SC2154 # run.sh sets the variables
# What a server.sh may use. run.sh sources it first and sets:
#
#   name   the server's folder, and the source's name in its definition.yml
#   work   a new folder of this run          cache   a folder that stays, for what is installed
#   port   a free port                       SERVER  http://127.0.0.1:$port
#
# A server.sh sets `key`, the field that tells records apart, `own`, the fields that the server
# adds (words), and `start_limit_s` where it may take more than ten minutes to start. It defines:
#
#   install   puts the server below $cache; `skip` where it cannot be had
#   launch    runs it in the foreground
#   answers   succeeds once it takes requests
#   fill      (as below, if absent) writes the records through the server's API, and prints
#             them, one JSON object a line, as they must arrive

skip() {
    echo "skip: $*"
    exit 1
}

need() {
    command -v "$1" >/dev/null || skip "$1 is not installed"
}

# Below the kernel's ephemeral range, so that no client's own port takes it meanwhile.
free_port() {
    local found
    while :; do
        found=$((20000 + (RANDOM * 32768 + RANDOM) % 12700))
        (exec 3<>"/dev/tcp/127.0.0.1/$found") 2>/dev/null || break
    done
    echo "$found"
}

fill() {
    python3 "$here/$name/fill.py" "$SERVER"
}

# Runs "$@" unless it has once succeeded for the same words and file.
once() {
    local stamp
    stamp=$(echo "$@" "$(cat "$here/$name/requirements.txt" 2>/dev/null)" | cksum)
    [ "$(cat "$cache/installed" 2>/dev/null)" != "$stamp" ] || return 0
    rm -rf "$cache"
    mkdir -p "$cache"
    "$@"
    echo "$stamp" >"$cache/installed"
}

# --- Where packages come from ---------------------------------------------------------------

# The server's requirements.txt pins every package, those that others bring too.
install_from_pypi() {
    need python3
    once make_venv
}

make_venv() {
    python3 -m venv "$cache/venv" || skip "python3 makes no virtual environment (python3-venv)"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check \
        -r "$here/$name/requirements.txt"
}

# install_from_npm PACKAGE@VERSION…
install_from_npm() {
    need npm
    once npm install --silent --no-audit --no-fund --prefix "$cache" "$@"
}

# install_from_go MODULE/PATH@VERSION: the program is $cache/bin/<last word of the path>.
install_from_go() {
    need go
    once env GOBIN="$cache/bin" go install "$1"
}

# install_from_debian PACKAGE…: unpacked below $cache/root, with what the machine lacks for it.
# The version is the one of the machine's Debian.
install_from_debian() {
    need apt-get
    once unpack_debian "$@"
}

unpack_debian() {
    local wanted file
    wanted=$(apt-get -s install --reinstall --no-install-recommends "$@" | awk '/^Inst / {print $2}')
    [ -n "$wanted" ] || skip "no Debian package $*"
    mkdir -p "$cache/debs" "$cache/root"
    # shellcheck disable=SC2086 # one word per package
    (cd "$cache/debs" && apt-get -qq -o APT::Sandbox::User=root download $wanted)
    for file in "$cache"/debs/*.deb; do
        dpkg -x "$file" "$cache/root"
    done
    rm -r "$cache/debs"
}
