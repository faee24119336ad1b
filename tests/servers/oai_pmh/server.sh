# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# OAI-PMH by pyoai (PyPI): XML, and a resumptionToken that is sent alone.
key=id
loses=2
assumes="no answer has a total"
own="datestamp"
found_at='/oai?verb=ListRecords&metadataPrefix=oai_dc'

install() {
    install_from_pypi pyoai
}

launch() {
    exec "$cache/venv/bin/python" "$here/$name/app.py" "$port"
}

answers() {
    curl -fsS "$SERVER/oai?verb=Identify"
}
