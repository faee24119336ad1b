# shellcheck shell=bash disable=SC2154 # exported by ../run.sh
# Pagetide itself, without the queue: one process.

install() {
    :
}

prepare() {
    mkdir -p "$home/sources"
    cat >"$home/sources/$schema.yaml" <<YAML
source: $schema
base_url: $url
streams:
  records:
    path: /paged
    merge_path: data
    pagination: {type: page, total_pages_path: pages}
    columns: {$columns}
YAML
}

load() {
    exec "$build/pagetide" sync "$schema.records" -c "$home" --log-level error
}
