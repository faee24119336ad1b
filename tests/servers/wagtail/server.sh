# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Wagtail (PyPI): offset and limit, at most 20 records a page, meta.total_count.
key=id
loses=1
found_at='/api/v2/pages/?type=wagtailcore.OddPage&fields=*'
own="meta title"
start_limit_s=1800 # its migrations take minutes where other work goes on

install() {
    install_from_pypi wagtail
}

launch() {
    cd "$here/$name" || exit
    export WORK=$work
    "$cache/venv/bin/python" wagtail_site.py >"$work/records"
    exec "$cache/venv/bin/waitress-serve" --listen "127.0.0.1:$port" wagtail_site:application
}

answers() {
    curl -fsS "$SERVER/api/v2/pages/"
}

fill() {
    cat "$work/records"
}

change() {
    WORK=$work "$cache/venv/bin/python" "$here/$name/wagtail_site.py" change
}
