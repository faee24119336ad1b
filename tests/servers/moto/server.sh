# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# moto (PyPI), a DynamoDB: LastEvaluatedKey, an object that goes into the body of a POST.
key=id
found_at=/
found_with=(-H 'Content-Type: application/x-amz-json-1.0' -H 'X-Amz-Target: DynamoDB_20120810.Scan'
    --auth 'header:Authorization:{{ env.SIGNED }}' --data '{"TableName": "records", "Limit": 50}')
# It says which service is meant; who signs, and how, is not looked at.
export SIGNED="AWS4-HMAC-SHA256 Credential=odd/20260101/us-east-1/dynamodb/aws4_request"

install() {
    install_from_pypi moto
}

launch() {
    exec "$cache/venv/bin/moto_server" -H 127.0.0.1 -p "$port"
}

answers() {
    curl -fsS "$SERVER/moto-api/data.json"
}
