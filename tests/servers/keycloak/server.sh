# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Keycloak (Maven), its development mode: an offset, a bare list, the count in an answer of its own.
key=username
loses=1
answers_before=3 # the first counts
start_limit_s=240
found_at='/admin/realms/odd/users'
found_with=(--auth 'bearer:{{ env.KEYCLOAK_TOKEN }}')
own=id
export KEYCLOAK_PASSWORD=odd-0123456789

install() {
    install_from_maven org.keycloak:keycloak-quarkus-dist:26.7.3:zip
    need unzip
    [ -d "$cache/keycloak-26.7.3" ] || unzip -q -d "$cache" "$cache/files/keycloak-quarkus-dist-26.7.3.zip"
}

launch() {
    export KC_BOOTSTRAP_ADMIN_USERNAME=odd KC_BOOTSTRAP_ADMIN_PASSWORD=$KEYCLOAK_PASSWORD
    export JAVA_OPTS_KC_HEAP="-Xms256m -Xmx768m" KC_DB_URL="jdbc:h2:mem:odd;NON_KEYWORDS=VALUE;DB_CLOSE_DELAY=-1"
    cd "$work" || exit
    exec "$cache/keycloak-26.7.3/bin/kc.sh" start-dev --http-host 127.0.0.1 --http-port "$port" \
        --http-management-port "$((port + 1))"
}

answers() {
    curl -fsS "$SERVER/realms/master"
}

fill() {
    python3 "$here/$name/fill.py" "$SERVER" || return
    KEYCLOAK_TOKEN=$(curl -fsS "$SERVER/realms/master/protocol/openid-connect/token" -d grant_type=password \
        -d client_id=admin-cli -d username=odd -d password="$KEYCLOAK_PASSWORD" |
        sed 's/.*"access_token":"\([^"]*\)".*/\1/')
    export KEYCLOAK_TOKEN
}
