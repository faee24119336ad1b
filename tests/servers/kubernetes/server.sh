# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Kubernetes (Go, its server of custom resources, over Debian's etcd): limit, and a `continue` of a snapshot.
key=name
own=uid
start_limit_s=120
found_at='/apis/odd.example.org/v1/records?limit=50'

# The server is one file, and etcd is beside it.
install() {
    install_from_go_main k8s.io/apiextensions-apiserver@v0.34.2
    [ -d "$cache/root" ] || unpack_debian etcd-server
}

launch() {
    cd "$work" || exit
    cat >kubeconfig <<'YAML'
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: none, context: {cluster: none}}]
current-context: none
YAML
    "$cache/root/usr/bin/etcd" --data-dir "$work/data" --listen-client-urls "http://127.0.0.1:$((port + 1))" \
        --advertise-client-urls "http://127.0.0.1:$((port + 1))" --listen-peer-urls "http://127.0.0.1:$((port + 2))" &
    exec "$cache/bin/main" --address "127.0.0.1:$port" --port "$((port + 3))" \
        --etcd "http://127.0.0.1:$((port + 1))" --kubeconfig kubeconfig --certs "$work/certs"
}

answers() {
    curl -fsS "$SERVER/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
}
