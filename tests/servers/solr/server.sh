# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Apache Solr (Maven, in one process): start and rows, or a cursorMark that stays as it was at the end.
key=id
own=_version
start_limit_s=120
found_at='/solr/odd/select?q=*:*'

install() {
    install_from_maven_pom org.apache.solr solr-core
}

launch() {
    mkdir -p "$work/home/odd/conf"
    echo '<solr/>' >"$work/home/solr.xml"
    echo 'name=odd' >"$work/home/odd/core.properties"
    cp "$here/$name"/{solrconfig,schema}.xml "$work/home/odd/conf"
    exec java -Xmx512m -cp "$cache/files/*" "$here/$name/Main.java" "$work/home" "$port"
}

answers() {
    curl -fsS "$SERVER/solr/odd/select?q=*:*"
}
