# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# InfluxDB 1 (Debian): the points of a measurement, rows and the names of their columns, by windows of time.
key=code
assumes="each window is one answer"
found_at="/query?db=odd&q=SELECT%20*%20FROM%20odd"

install() {
    install_from_debian influxdb
}

launch() {
    mkdir "$work/home"
    cat >"$work/influxdb.conf" <<CONF
bind-address = "127.0.0.1:$((port + 1))"
reporting-disabled = true
[meta]
  dir = "$work/meta"
[data]
  dir = "$work/data"
  wal-dir = "$work/wal"
[http]
  bind-address = "127.0.0.1:$port"
CONF
    HOME=$work/home exec "$cache/root/usr/bin/influxd" -config "$work/influxdb.conf"
}

answers() {
    curl -fsS "$SERVER/ping"
}
