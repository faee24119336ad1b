# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# scim2-server (PyPI), SCIM: a startIndex that counts from 1, and cursors as RFC 9865 has them, which
# are given unless a startIndex is asked for.
key=user_name
loses=1
found_at='/Users'
own="id schemas meta"

install() {
    install_from_pypi scim2-server
}

launch() {
    cat >"$work/provider.json" <<JSON
{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
 "patch": {"supported": true}, "sort": {"supported": true}, "etag": {"supported": false},
 "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
 "filter": {"supported": true, "maxResults": 100}, "changePassword": {"supported": false},
 "pagination": {"cursor": true, "index": true, "defaultPaginationMethod": "cursor",
                "defaultPageSize": 20, "maxPageSize": 50},
 "authenticationSchemes": [{"type": "httpbasic", "name": "odd", "description": "odd"}]}
JSON
    exec "$cache/venv/bin/scim2-server" --port "$port" --service-provider-config "$work/provider.json"
}

answers() {
    curl -fsS "$SERVER/Users"
}
