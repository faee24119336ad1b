# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# WordPress (Debian, PHP's own web server, MariaDB): page numbers, their count in a header, links too.
key=slug
loses=2
start_limit_s=120
found_at=/wp-json/wp/v2/posts
own="id"

install() {
    install_from_debian wordpress php8.2-cli php8.2-mysql mariadb-server
}

run_php() {
    php8.2 -n -d "extension_dir=$(echo "$cache"/root/usr/lib/php/2*)" -d extension=mysqlnd -d extension=mysqli \
        -d extension=tokenizer -d extension=ctype -d extension=iconv -d serialize_precision=-1 \
        -d mysqli.default_socket="$work/socket" "$@"
}

launch() {
    local system=$cache/root/usr/share/mysql
    export PATH=$cache/root/usr/sbin:$cache/root/usr/bin:$PATH
    export LD_LIBRARY_PATH=$cache/root/usr/lib/x86_64-linux-gnu
    set -- --no-defaults --user="$(id -un)" --basedir="$cache/root/usr" --datadir="$work/db" --skip-networking \
        --socket="$work/socket" --pid-file="$work/pid" --innodb-flush-log-at-trx-commit=0
    mkdir "$work/db" "$work/site"
    # A statement a line.
    { printf '%s\n' 'create database mysql;' 'use mysql;'
      cat "$system/mysql_system_tables.sql" "$system/mysql_system_tables_data.sql"
      echo 'create database odd character set utf8mb4;'; } | mariadbd "$@" --bootstrap
    mariadbd "$@" --skip-grant-tables &
    cp -r "$cache/root/usr/share/wordpress/." "$work/site"
    cp "$here/$name/config.php" "$work/site/wp-config.php"
    mkdir -p "$work/site/wp-content/mu-plugins"
    cp "$here/$name/plugin.php" "$work/site/wp-content/mu-plugins"
    until [ -S "$work/socket" ]; do sleep 0.1; done
    cd "$work/site" || exit
    run_php "$here/$name/begin.php" >"$work/password"
    run_php -S "127.0.0.1:$port"
}

answers() {
    curl -fsS "$SERVER/wp-json/wp/v2/posts"
}

fill() {
    WORDPRESS_PASSWORD=$(cat "$work/password")
    export WORDPRESS_PASSWORD
    python3 "$here/$name/fill.py" "$SERVER"
}
