# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# CKAN (PyPI; Solr by Maven, Redis, databases of its own in this run's PostgreSQL): the rows of a resource, by a filter
# that the answer hands out, or by limit and offset.
key=code
own=_id
answers_before=3 # the first counts
start_limit_s=240
found_with=(--auth 'header:Authorization:{{ env.CKAN_TOKEN }}')

install() {
    need python3
    need mvn
    need java
    need redis-server
    once install_both
    sed -n 's/^ckan==//p' "$here/$name/requirements.txt" >"$cache/version"
}

install_both() {
    make_venv
    mvn -B -q -f "$here/solr/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/files"
}

start_solr() {
    local home=$work/solr
    mkdir -p "$home/ckan/conf"
    echo '<solr/>' >"$home/solr.xml"
    echo 'name=ckan' >"$home/ckan/core.properties"
    cp "$here/solr/solrconfig.xml" "$cache"/venv/lib/python3*/site-packages/ckan/config/solr/schema.xml "$home/ckan/conf"
    touch "$home/ckan/conf"/{protwords,synonyms}.txt
    java -Xmx512m -cp "$cache/files/*" "$here/solr/Main.java" "$home" "$((port + 1))" &
    until curl -fsS "http://127.0.0.1:$((port + 1))/solr/ckan/select?q=*:*" >/dev/null 2>&1; do sleep 0.5; done
}

run_ckan() {
    "$cache/venv/bin/ckan" -c "$work/ckan.ini" "$@"
}

configure() {
    local databases=$PGHOST:$PGPORT
    "$cache/venv/bin/ckan" generate config "$work/ckan.ini"
    "$cache/venv/bin/ckan" config-tool "$work/ckan.ini" "sqlalchemy.url=postgresql://$PGUSER@$databases/ckan" \
        "ckan.site_url=$SERVER" "ckan.redis.url=redis://127.0.0.1:$((port + 2))/0" "ckan.plugins=datastore" \
        "solr_url=http://127.0.0.1:$((port + 1))/solr/ckan" \
        "ckan.datastore.write_url=postgresql://$PGUSER@$databases/ckan_store" \
        "ckan.datastore.read_url=postgresql://ckan_reader@$databases/ckan_store"
}

launch() {
    createdb -T template0 ckan
    createdb -T template0 ckan_store
    psql -X -q -c 'create role ckan_reader login'
    redis-server --port "$((port + 2))" --save '' --dir "$work" >"$work/redis.log" &
    start_solr
    cd "$work" || exit
    configure
    run_ckan db init
    run_ckan datastore set-permissions | psql -X -q -d ckan_store
    run_ckan user add odd email=odd@example.org password=odd-0123456789
    run_ckan sysadmin add odd
    run_ckan user token add odd odd -q | tr -d '[:space:]' >"$work/token"
    exec "$cache/venv/bin/ckan" -c "$work/ckan.ini" run --host 127.0.0.1 --port "$port" --disable-reloader
}

answers() {
    curl -fsS "$SERVER/api/3/action/status_show"
}

fill() {
    CKAN_TOKEN=$(cat "$work/token")
    export CKAN_TOKEN CKAN_RESOURCE_FILE=$work/resource
    python3 "$here/$name/fill.py" "$SERVER" || return
    CKAN_RESOURCE=$(cat "$work/resource")
    export CKAN_RESOURCE
    found_at="/api/3/action/datastore_search?resource_id=$CKAN_RESOURCE"
}

define() {
    sed "s/RESOURCE/$CKAN_RESOURCE/" "$here/$name/definition.yml"
}
