# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Keycloak (Maven): first and max, a count apart, and tokens that are good for a minute.
key=username
found_at=/admin/realms/odd/users
found_with=(--auth 'bearer:{{ env.KEYCLOAK_TOKEN }}')
loses=2
start_limit_s=900
own="id enabled created_timestamp createdtimestamp email_verified emailverified totp disableable_credential_types required_actions not_before access user_profile_metadata"
export KEYCLOAK_PASSWORD=odd-0123456789

install() {
    install_from_maven org.keycloak:keycloak-quarkus-dist:26.0.8:zip
    [ -d "$cache/keycloak-26.0.8" ] || unzip -q "$cache/files/keycloak-quarkus-dist-26.0.8.zip" -d "$cache"
}

launch() {
    cp -r "$cache/keycloak-26.0.8" "$work/keycloak"
    export KC_BOOTSTRAP_ADMIN_USERNAME=odd KC_BOOTSTRAP_ADMIN_PASSWORD=$KEYCLOAK_PASSWORD
    exec "$work/keycloak/bin/kc.sh" start-dev --http-host 127.0.0.1 --http-port "$port" \
        --http-management-port "$((port + 1))"
}

answers() {
    curl -fsS "$SERVER/realms/master"
}

# measure.py asks with a token too.
fill() {
    python3 "$here/$name/fill.py" "$SERVER" || return
    KEYCLOAK_TOKEN=$(curl -fsS "$SERVER/realms/master/protocol/openid-connect/token" \
        --data-urlencode "password=$KEYCLOAK_PASSWORD" \
        -d "grant_type=password&client_id=admin-cli&username=odd" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
    export KEYCLOAK_TOKEN
}
