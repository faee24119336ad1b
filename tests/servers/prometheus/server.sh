# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Prometheus (Debian): the series of a query, in one answer. They come from a program that it scrapes each second.
key=id
own="_name instance job time"
found_at='/api/v1/query?query=odd'

install() {
    install_from_debian prometheus
}

launch() {
    cat >"$work/prometheus.yml" <<YAML
scrape_configs:
  - {job_name: odd, scrape_interval: 1s, static_configs: [{targets: ["127.0.0.1:$((port + 1))"]}]}
YAML
    python3 "$here/$name/exporter.py" $((port + 1)) &
    exec "$cache/root/usr/bin/prometheus" --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
        --web.listen-address="127.0.0.1:$port"
}

answers() {
    curl -fsS "$SERVER/-/ready"
}

fill() {
    python3 "$here/$name/fill.py" "$SERVER" "http://127.0.0.1:$((port + 1))"
}

change() {
    python3 "$here/$name/fill.py" "$SERVER" "http://127.0.0.1:$((port + 1))" change
}
