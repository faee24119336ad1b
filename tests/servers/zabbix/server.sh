# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Zabbix's frontend (Debian, PHP's own web server, a database of its own in this run's PostgreSQL): JSON-RPC, events
# behind the last id, no offset.
key=name
own=eventid
found_at=/api_jsonrpc.php
start_limit_s=180

install() {
    install_from_debian zabbix-server-pgsql zabbix-frontend-php php8.2-cli php8.2-pgsql
}

run_php() {
    local extension extensions=()
    for extension in mbstring bcmath ctype gd gettext dom xml xmlreader xmlwriter sockets pgsql; do
        extensions+=(-d "extension=$extension")
    done
    php8.2 -n -d "extension_dir=$(echo "$cache"/root/usr/lib/php/2*)" -d memory_limit=512M -d max_execution_time=300 \
        -d post_max_size=16M -d max_input_time=300 "${extensions[@]}" "$@"
}

launch() {
    local file sql=$cache/root/usr/share/zabbix-server-pgsql
    export PATH=$cache/root/usr/bin:$PATH LD_LIBRARY_PATH=$cache/root/usr/lib/x86_64-linux-gnu
    createdb -T template0 zabbix
    for file in schema images data; do
        gzip -dc "$sql/$file.sql.gz" | psql -X -q -d zabbix >/dev/null
    done
    cp -r "$cache/root/usr/share/zabbix" "$work/app"
    sed -i "s#/etc/zabbix/zabbix.conf.php#$work/app/conf/zabbix.conf.php#" "$work/app/include/classes/core/CConfigFile.php"
    cat >"$work/app/conf/zabbix.conf.php" <<PHP
<?php
\$DB = ['TYPE' => 'POSTGRESQL', 'SERVER' => '$PGHOST', 'PORT' => '$PGPORT', 'DATABASE' => 'zabbix', 'USER' => '$PGUSER',
    'PASSWORD' => '', 'SCHEMA' => '', 'ENCRYPTION' => false, 'DOUBLE_IEEE754' => true];
\$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
PHP
    cd "$work/app" || exit
    run_php -S "127.0.0.1:$port"
}

answers() {
    curl -fsS "$SERVER/api_jsonrpc.php" -H 'Content-Type: application/json-rpc' \
        -d '{"jsonrpc": "2.0", "method": "apiinfo.version", "params": [], "id": 1}'
}

fill() {
    ZABBIX_TOKEN=$(curl -fsS "$SERVER/api_jsonrpc.php" -H 'Content-Type: application/json-rpc' \
        -d '{"jsonrpc": "2.0", "method": "user.login", "params": {"username": "Admin", "password": "zabbix"}, "id": 1}' |
        sed 's/.*"result":"\([^"]*\)".*/\1/')
    export ZABBIX_TOKEN ZABBIX_FOUND_AUTH=$ZABBIX_TOKEN
    found_with=(--data '{"jsonrpc": "2.0", "id": 1, "auth": "'"$ZABBIX_TOKEN"'", "method": "event.get", "params": {"output": "extend", "limit": 50}}')
    python3 "$here/$name/fill.py" "$SERVER"
}
