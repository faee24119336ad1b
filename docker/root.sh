#!/usr/bin/env bash
# Collects the root of an image that holds one program: root.sh DIR PROGRAM [FOLDER…]
#
# Of Debian: the program's libraries, certificates, time zones, the folders named, and of each
# package that a file came from its status and licence, by which scanners know the versions. No
# shell and no other program. libgcc_s is opened by libc when a thread is ended, so that nothing
# names it; names of hosts and users libc looks up itself ("files", "dns").
set -euo pipefail

if [ $# -lt 2 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
root=$1
program=$2
shift 2

# A file's package; one that was moved to /usr is known by its old path.
note_owner() {
    { dpkg-query -S "$1" 2>/dev/null || dpkg-query -S "${1#/usr}"; } |
        sed 's/[:,] .*//' >>"$root.packages"
}

# A copy where the file really is, under the name by which it is asked for.
put_file() {
    local real
    real=$(readlink -f "$1")
    mkdir -p "$root${real%/*}"
    cp --preserve=mode "$real" "$root${real%/*}/${1##*/}"
    note_owner "$real"
}

put_folder() {
    mkdir -p "$root${1%/*}"
    cp -a "$1" "$root$1"
    note_owner "$1"
}

make_folders() {
    local dir
    mkdir -p "$root"/{etc/pagetide,run,tmp,usr/{bin,lib,lib64,sbin},var/{lib/dpkg/status.d,tmp}}
    chmod 1777 "$root/tmp" "$root/var/tmp"
    for dir in bin lib lib64 sbin; do
        ln -s "usr/$dir" "$root/$dir"
    done
}

# ldd's lines: "NAME => PATH (…)", and the loader's "PATH (…)".
put_libraries() {
    local path loader gcc
    gcc=$(ldconfig -p | sed -n 's/.*libgcc_s\.so\.1 .*=> //p' | head -n 1)
    for path in $(ldd "$program" | sed -n 's/.*=> \(\/[^ ]*\) (.*/\1/p') "$gcc"; do
        put_file "$path"
    done
    loader=$(ldd "$program" | sed -n 's/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p')
    put_file "$loader"
    [ -e "$root$loader" ] || ln -s "$(readlink -f "$loader")" "$root$loader"
}

put_settings() {
    put_folder /usr/share/ca-certificates
    put_file /etc/ssl/openssl.cnf
    cp -a /etc/ssl/certs "$root/etc/ssl"
    mkdir -p "$root/usr/lib/ssl"
    cp -P /usr/lib/ssl/{certs,cert.pem,openssl.cnf} "$root/usr/lib/ssl"
    put_folder /usr/share/zoneinfo
    rm -rf "$root"/usr/share/zoneinfo/{posix,right}
    put_file /usr/lib/os-release
    ln -s ../usr/lib/os-release "$root/etc/os-release"
    put_file /etc/debian_version
    echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
    cat >"$root/etc/passwd" <<'END'
root:x:0:0:root:/nonexistent:/usr/sbin/nologin
pagetide:x:10001:10001:pagetide:/nonexistent:/usr/sbin/nologin
END
    printf 'root:x:0:\npagetide:x:10001:\n' >"$root/etc/group"
}

put_packages() {
    local package name
    sort -u "$root.packages" | while read -r package; do
        name=${package%%:*}
        dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$name"
        install -D -m 0644 "/usr/share/doc/$name/copyright" "$root/usr/share/doc/$name/copyright"
    done
    rm "$root.packages"
}

rm -rf "$root" "$root.packages"
mkdir -p "$root"
make_folders
put_libraries
put_settings
for folder; do
    put_folder "$folder"
done
put_packages
install -D -m 0644 LICENSE "$root/usr/share/doc/pagetide/copyright"
install -D -m 0755 "$program" "$root/usr/local/bin/${program##*/}"
