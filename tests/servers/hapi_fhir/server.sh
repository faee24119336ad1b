# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# HAPI FHIR's plain server (Maven): bundles, and a search that is kept while its pages are read.
key=id
own=meta
start_limit_s=120
found_at=/fhir/Patient

install() {
    install_from_maven_pom ca.uhn.hapi.fhir hapi-fhir-server
}

launch() {
    exec java -Xmx512m -cp "$cache/files/*" "$here/$name/Main.java" "$port"
}

answers() {
    curl -fsS "$SERVER/fhir/Patient?_count=1"
}
