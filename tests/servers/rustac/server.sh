# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# rustac (PyPI), a STAC API: next links with a method, and a body where it is POST.
key=id
found_at='/collections/odd/items'
own="type stac_version geometry bbox links assets collection stac_extensions datetime"

fixed="its items are a file that it reads when it starts"

install() {
    install_from_pypi rustac
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
