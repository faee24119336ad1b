# shellcheck shell=bash disable=SC2034,SC2154,SC2016 # shared with run.sh
# Strawberry (PyPI): GraphQL connections as Relay has them, over POST.
key=id
found_at=/graphql
found_with=(--graphql 'query ($after: String) { odd(first: 50, after: $after) { edges { node
    { id name note big amount nested } } pageInfo { hasNextPage endCursor } } }')
loses=2
answers_before=3 # the first counts

install() {
    install_from_pypi strawberry-graphql
}

launch() {
    cd "$here/$name" || exit
    exec "$cache/venv/bin/uvicorn" --port "$port" graphql_app:app
}

answers() {
    curl -fsS "$SERVER/graphql?query=%7B__typename%7D" -H 'Accept: application/json'
}
