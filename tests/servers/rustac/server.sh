# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# rustac (PyPI), a STAC API: next links with a method, and a body where it is POST.
key=id
own="type stac_version geometry bbox links assets collection stac_extensions datetime"

install() {
    install_from_pypi
}

launch() {
    python3 "$here/$name/fill.py" "$work" >"$work/records"
    exec "$cache/venv/bin/rustac" serve --addr "127.0.0.1:$port" --create-collections "$work/odd.json"
}

answers() {
    curl -fsS "$SERVER/collections"
}

fill() {
    cat "$work/records"
}
