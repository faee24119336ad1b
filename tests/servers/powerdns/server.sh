# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# PowerDNS authoritative (Debian): the whole list in one answer, and record sets by zone.
key=id
found_at='/api/v1/servers/localhost/zones'
found_with=(--auth 'header:X-API-Key:{{ env.PASSWORD }}')
export PASSWORD=odd
own="account catalog dnssec edited_serial kind last_check masters notified_serial serial url"

install() {
    install_from_debian pdns-server pdns-backend-sqlite3
    need sqlite3
}

launch() {
    local root=$cache/root
    sqlite3 "$work/zones.db" <"$root/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
    exec env LD_LIBRARY_PATH="$(dirname "$(find "$root" -name 'libluajit*.so*' -print -quit)")" \
        "$root/usr/sbin/pdns_server" --config-dir="$work" --socket-dir="$work" --daemon=no \
        --guardian=no --local-address=127.0.0.1 --local-port=$((port + 1)) \
        --module-dir="$(dirname "$(find "$root" -name libgsqlite3backend.so)")" \
        --launch=gsqlite3 --gsqlite3-database="$work/zones.db" \
        --webserver-port="$port" --webserver-address=127.0.0.1 --api=yes --api-key="$PASSWORD"
}

answers() {
    curl -fsS -H "X-API-Key: $PASSWORD" "$SERVER/api/v1/servers"
}
