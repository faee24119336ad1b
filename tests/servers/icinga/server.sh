# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# Icinga 2 (Debian): the objects of a kind in one answer, by TLS with a certificate of its own. `pagetide discover` is
# not asked, as no option of it names an authority.
key=name
own=__name
export ICINGA_PASSWORD=odd-0123456789

install() {
    need openssl
    install_from_debian icinga2-bin icinga2-common
}

make_certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=odd" -addext "subjectAltName=IP:127.0.0.1" \
        -keyout "$work/data/certs/odd.key" -out "$work/data/certs/odd.crt"
    cp "$work/data/certs/odd.crt" "$work/data/certs/ca.crt"
}

launch() {
    local root=$cache/root
    export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu
    mkdir -p "$work"/data/certs "$work"/{logs,run,cache,spool}
    make_certificate
    cat >"$work/icinga2.conf" <<CONF
const NodeName = "odd"
const ZoneName = "odd"
object Endpoint "odd" {}
object Zone "odd" { endpoints = ["odd"] }
object CheckCommand "none" { command = ["/bin/true"] }
object ApiListener "api" { bind_host = "127.0.0.1"; bind_port = $port }
object ApiUser "odd" { password = "$ICINGA_PASSWORD"; permissions = ["*"] }
CONF
    exec "$root"/usr/lib/*/icinga2/sbin/icinga2 --no-stack-rlimit daemon -c "$work/icinga2.conf" \
        -DConfiguration.RunAsUser="$(id -un)" -DConfiguration.RunAsGroup="$(id -gn)" -DConfiguration.ConfigDir="$work" \
        -DConfiguration.DataDir="$work/data" -DConfiguration.LogDir="$work/logs" -DConfiguration.CacheDir="$work/cache" \
        -DConfiguration.InitRunDir="$work/run" -DConfiguration.SpoolDir="$work/spool" -DConfiguration.Concurrency=2 \
        -DConfiguration.PkgDataDir="$root/usr/share/icinga2" -DConfiguration.IncludeConfDir="$root/usr/share/icinga2/include"
}

answers() {
    curl -fsS --cacert "$work/data/certs/ca.crt" -u "odd:$ICINGA_PASSWORD" "https://127.0.0.1:$port/v1"
}

fill() {
    SERVER=https://127.0.0.1:$port
    ICINGA_BASIC=$(printf 'odd:%s' "$ICINGA_PASSWORD" | base64)
    export SERVER ICINGA_BASIC SSL_CERT_FILE=$work/data/certs/ca.crt
    python3 "$here/$name/fill.py" "$SERVER"
}
