# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# MediaWiki (Debian, PHP's own web server, SQLite): an object of parameters that goes back.
key=title
own="pageid lastrevid"
start_limit_s=120
found_at='/api.php?action=query&format=json&formatversion=2&generator=allpages&gaplimit=50&prop=info'

install() {
    install_from_debian mediawiki php8.2-cli php8.2-sqlite3
}

run_php() {
    local extension extensions=()
    for extension in mbstring ctype iconv dom xml xmlreader tokenizer fileinfo pdo pdo_sqlite sqlite3 intl posix; do
        extensions+=(-d "extension=$extension")
    done
    php8.2 -n -d "extension_dir=$(echo "$cache"/root/usr/lib/php/2*)" -d memory_limit=512M "${extensions[@]}" "$@"
}

launch() {
    export PATH=$cache/root/usr/bin:$PATH LD_LIBRARY_PATH=$cache/root/usr/lib/x86_64-linux-gnu
    mkdir "$work/db"
    cd "$cache/root/usr/share/mediawiki" || exit
    run_php maintenance/install.php --dbtype sqlite --dbpath "$work/db" --confpath "$work" --scriptpath "" \
        --server "$SERVER" --pass odd-0123456789-odd odd Odd
    # Everybody may write.
    # shellcheck disable=SC2016 # a program of PHP
    echo '$wgGroupPermissions["*"]["delete"] = true; $wgRateLimits = []; $wgJobRunRate = 0;' >>"$work/LocalSettings.php"
    export MW_CONFIG_FILE=$work/LocalSettings.php
    run_php -S "127.0.0.1:$port"
}

answers() {
    curl -fsS "$SERVER/api.php?action=query&format=json"
}
