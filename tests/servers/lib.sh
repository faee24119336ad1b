# shellcheck shell=bash disable=SC2154 # run.sh sets the variables
# What a server.sh may use. run.sh sources it first and sets:
#
#   name   the server's folder, and the source's name in its definition.yml
#   work   a new folder of this run          cache   a folder that stays, for what is installed
#   port   a free port                       SERVER  http://127.0.0.1:$port
#
# A server.sh sets `key`, the field that tells records apart, and where there is something to say:
#
#   own            the fields that the server adds (words)
#   start_limit_s  it may take more than ten minutes to start
#   fixed          why its records cannot be changed
#   loses          how many records its paging loses while `change` is at work, as the entry's
#                  `cannot` says; loses_unsaid: why the end of such a run is told all the same
#   assumes        why the end of its streams is assumed
#   answers_before how many answers come before the third page; 2, if absent
#   found_at       what `pagetide discover` is given behind $SERVER, and found_with, its options
#
# It defines:
#
#   install   puts the server below $cache; `skip` where it cannot be had
#   launch    runs it in the foreground
#   answers   succeeds once it takes requests
#   fill      (as below, if absent) writes the records through the server's API, and prints
#             them, one JSON object a line, as they must arrive
#   define      (its definition.yml, if absent) prints the definition, once it is filled
#   change      (as below, if absent) deletes, alters and adds some, as records.py says, and prints
#             those that it altered or added

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

define() {
    cat "$here/$name/definition.yml"
}

change() {
    python3 "$here/$name/fill.py" "$SERVER" change
}

# Runs "$@" unless it has once succeeded for the same words and file.
once() {
    local stamp
    stamp=$(echo "$@" "$(cat "$here/$name"/{requirements.txt,pom.xml,main.go} 2>/dev/null)" | cksum)
    [ "$(cat "$cache/installed" 2>/dev/null)" != "$stamp" ] || return 0
    rm -rf "$cache"
    mkdir -p "$cache"
    "$@"
    echo "$stamp" >"$cache/installed"
}

# --- Where packages come from ---------------------------------------------------------------

# install_from_pypi PACKAGE, the server itself: its requirements.txt pins every package, those
# that others bring too.
install_from_pypi() {
    need python3
    once make_venv
    sed -n "s/^$1==//p" "$here/$name/requirements.txt" >"$cache/version"
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
    echo "${1##*@}" >"$cache/version"
}

# install_from_npm_with NODE PACKAGE@VERSION…, by that Node: the program is $cache/node/bin/node.
install_from_npm_with() {
    need npm
    once npm_with "$@"
    echo "${2##*@}" >"$cache/version"
}

npm_with() {
    local node
    npm install --silent --no-audit --no-fund --prefix "$cache/node_of_npm" "node@$1"
    node=$(echo "$cache"/node_of_npm/node_modules/node/node_modules/node-linux-*)
    ln -s "$node" "$cache/node"
    # Without the scripts, which fetch or build what is not in the packages.
    PATH=$cache/node/bin:$PATH npm install --loglevel error --ignore-scripts --no-audit --no-fund --prefix "$cache" "${@:2}"
}

# install_from_maven GROUP:ARTIFACT:VERSION[:TYPE[:CLASSIFIER]]: the file is in $cache/files.
install_from_maven() {
    need mvn
    need java
    once mvn -B -q dependency:copy -Dartifact="$1" -DoutputDirectory="$cache/files"
    echo "$1" | cut -d: -f3 >"$cache/version"
}

# install_from_maven_pom GROUP ARTIFACT: what its pom.xml names, and that brings, is in $cache/files.
install_from_maven_pom() {
    need mvn
    need java
    once mvn -B -q -f "$here/$name/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/files"
    sed -n "s|.*<groupId>$1</groupId><artifactId>$2</artifactId><version>\([^<]*\)<.*|\1|p" \
        "$here/$name/pom.xml" >"$cache/version"
}

# install_from_go MODULE/PATH@VERSION: the program is $cache/bin/<last word of the path>.
install_from_go() {
    need go
    once env GOBIN="$cache/bin" go install "$1"
    echo "${1##*@v}" >"$cache/version"
}

# install_from_go_main MODULE@VERSION: main.go beside server.sh, built with that module and what it
# names, is $cache/bin/main.
install_from_go_main() {
    need go
    once build_main "$1"
    echo "${1##*@v}" >"$cache/version"
}

build_main() {
    mkdir -p "$cache/main"
    cp "$here/$name/main.go" "$cache/main"
    cd "$cache/main" || return
    go mod init odd
    go get "$1"
    go mod tidy
    go build -o "$cache/bin/main" .
    cd - || return
}

# install_from_go_source MODULE@VERSION PACKAGE TAGS: the module's own tree, in $cache/source, where
# `go install` refuses it for its replacements, or it reads files of its own; the program is $cache/bin/main.
install_from_go_source() {
    need go
    once build_source "$@"
    echo "${1##*@v}" >"$cache/version"
}

build_source() {
    local tree
    tree=$(cd "$cache" && go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    cp -r "$tree" "$cache/source"
    chmod -R u+w "$cache/source"
    (cd "$cache/source" && go build -tags "$3" -o "$cache/bin/main" "$2")
}

# install_from_debian PACKAGE…: unpacked below $cache/root, with what the machine lacks for it.
# The version is the one of the machine's Debian.
install_from_debian() {
    need apt-get
    once unpack_debian "$@"
    # 3.10.8 of 3.10.8-1.1+deb12u1 and of 1:3.10.8-1
    apt-cache policy "$1" | sed -n 's/^  Candidate: \([0-9]*:\)\{0,1\}\([^-+~]*\).*/\2/p' >"$cache/version"
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
