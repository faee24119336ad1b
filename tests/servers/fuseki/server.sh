# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Apache Jena Fuseki (Maven): SPARQL, which pages by LIMIT and OFFSET inside of the query.
key=id
loses=1
answers_before=3 # the first counts

install() {
    install_from_maven org.apache.jena:jena-fuseki-server:4.10.0
}

launch() {
    cd "$work" || exit
    exec java -Xmx512m -jar "$cache/files/jena-fuseki-server-4.10.0.jar" --port "$port" --localhost --mem --update /odd
}

answers() {
    curl -fsS "$SERVER/odd/sparql?query=ASK%7B%7D"
}
