#!/usr/bin/env bash
# A small Debian in a folder, of packages that are installed here: root.sh DIR FILE.deb
#
# It has what is essential and what FILE.deb depends on, and knows of nothing else, so dpkg finds
# there what FILE.deb forgot to name. FILE.deb itself is not installed. For chroot, as root;
# nothing is fetched.
set -euo pipefail

if [ $# -ne 2 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
root=$1
mkdir -p "$root"/{dev,etc,proc,run,tmp,usr,var/{lib,log,cache},var/lib/dpkg/{info,updates,triggers}}
for dir in bin sbin lib lib64; do
    mkdir -p "$root/usr/$dir"
    ln -s "usr/$dir" "$root/$dir"
done
mknod -m 0666 "$root/dev/null" c 1 3

# Of alternatives, those that are installed.
list_wanted() {
    dpkg-query -W -f '${Essential} ${Package}\n' | sed -n 's/^yes //p'
    dpkg-deb -f "$1" Depends | tr ',|' '\n' | sed 's/(.*)//; s/ //g'
}

list_all() {
    # shellcheck disable=SC2046 # one word per package
    apt-cache depends --recurse --important --installed $(list_wanted "$1") 2>/dev/null |
        grep '^[a-z0-9]' | sed 's/:.*//' | sort -u
}

list_installed() {
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u
}

mapfile -t packages < <(comm -12 <(list_all "$2") <(list_installed))
dpkg-query -L "${packages[@]}" | grep -vE '^/usr/share/(doc|man|locale|info|zoneinfo)/' |
    sort -u | while IFS= read -r file; do
    [ ! -e "$file" ] || printf '%s\n' "${file#/}"
done | grep -v '^\.$' | tar -C / --create --no-recursion --files-from=- | tar -C "$root" -x
for package in "${packages[@]}"; do
    cp /var/lib/dpkg/info/"$package"{,:*}.list "$root/var/lib/dpkg/info/" 2>/dev/null || true
    dpkg-query -s "$package"
    echo
done >"$root/var/lib/dpkg/status"
for file in passwd group; do
    cp "$root/usr/share/base-passwd/$file.master" "$root/etc/$file"
done
