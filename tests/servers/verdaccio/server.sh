# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Verdaccio (npm), a registry of packages: an offset beside a total that is none.
key=name
loses=1
answers_before=3 # the first counts
found_at='/-/v1/search?text=odd'

# npm is told by the file, not by words, that a dependency has another version.
install_by_file() {
    cp "$here/$name/package.json" "$cache/package.json"
    npm install --silent --no-audit --no-fund --prefix "$cache"
}

install() {
    need npm
    once install_by_file
    echo 5.33.0 >"$cache/version"
}

launch() {
    cat >"$work/config.yaml" <<YAML
storage: $work/storage
auth: {htpasswd: {file: $work/htpasswd}}
packages: {'**': {access: \$all, publish: \$all, unpublish: \$all}}
log: {type: stdout, format: json, level: warn}
YAML
    exec "$cache/node_modules/.bin/verdaccio" --config "$work/config.yaml" --listen "127.0.0.1:$port"
}

answers() {
    curl -fsS "$SERVER/-/ping"
}
