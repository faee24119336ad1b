# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# PocketBase (Go): page numbers with both counts, or with neither; at most 1,000 records a page.
key=id
loses=1
found_at='/api/collections/records/records'
own="collection_id collection_name updated"

install() {
    install_from_go github.com/pocketbase/pocketbase/examples/base@v0.28.4
}

launch() {
    "$cache/bin/base" superuser upsert odd@example.org 0123456789 --dir "$work/data"
    exec "$cache/bin/base" serve --http "127.0.0.1:$port" --dir "$work/data"
}

answers() {
    curl -fsS "$SERVER/api/health"
}
