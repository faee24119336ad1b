# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Wagtail (PyPI): offset and limit, at most 20 records a page, meta.total_count.
key=id
own="meta title"
start_limit_s=1800 # its migrations take minutes where other work goes on

install() {
    install_from_pypi
}

launch() {
    cd "$here/$name" || exit
    export WORK=$work
    "$cache/venv/bin/python" wagtail_site.py >"$work/records"
    exec "$cache/venv/bin/waitress-serve" --listen "127.0.0.1:$port" wagtail_site:application
}

answers() {
    curl -fsS "$SERVER/api/pages/"
}

fill() {
    cat "$work/records"
}
