# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# etcd's JSON gateway (Debian): POST, base64, and fields that are absent when empty or false.
key=key
# A member called key is taken for a credential.
export ETCD_FOUND_KEY="AA=="
found_at=/v3/kv/range
found_with=(--data '{"key": "AA==", "range_end": "AA==", "limit": 50}')
own="create_revision mod_revision version"

install() {
    install_from_debian etcd-server
}

launch() {
    exec "$cache/root/usr/bin/etcd" --data-dir "$work/data" --name odd \
        --listen-client-urls "$SERVER" --advertise-client-urls "$SERVER" \
        --listen-peer-urls "http://127.0.0.1:$((port + 1))" \
        --initial-advertise-peer-urls "http://127.0.0.1:$((port + 1))" \
        --initial-cluster "odd=http://127.0.0.1:$((port + 1))"
}

answers() {
    curl -fsS "$SERVER/health"
}
