# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# OpenSearch (Maven, in one process): from and size, at most 10,000 together, or search_after in a point in time.
key=id
own="_id _index _score _sort _type sort score index type"
answers_before=4 # the first two make the point in time
start_limit_s=180
found_at='/odd/_search?size=50&sort=id'

install() {
    install_from_maven_pom org.opensearch opensearch
}

launch() {
    mkdir -p "$work/home/config"
    exec java -Xmx512m -cp "$cache/files/*" "$here/$name/Main.java" "$work/home" "$port"
}

answers() {
    curl -fsS "$SERVER/_cluster/health?wait_for_status=yellow&timeout=1s"
}
