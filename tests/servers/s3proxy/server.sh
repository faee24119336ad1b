# shellcheck shell=bash disable=SC2034,SC2154 # shared with run.sh
# S3Proxy (Maven), an S3: XML, a continuation token, and signatures that it verifies.
key=key
own=last_modified
export S3_SECRET=odd-0123456789

install() {
    install_from_maven org.gaul:s3proxy:2.6.0:jar:jar-with-dependencies
}

launch() {
    mkdir -p "$work/store"
    cat >"$work/s3proxy.conf" <<CONF
s3proxy.endpoint=$SERVER
s3proxy.authorization=aws-v4
s3proxy.identity=odd
s3proxy.credential=$S3_SECRET
jclouds.provider=transient-nio2
jclouds.identity=odd
jclouds.credential=odd
CONF
    exec java -Xmx512m -jar "$cache/files/s3proxy-2.6.0-jar-with-dependencies.jar" --properties "$work/s3proxy.conf"
}

# Without a signature it is a 403.
answers() {
    curl -sS -o /dev/null "$SERVER/"
}
