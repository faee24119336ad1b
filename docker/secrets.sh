#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml mounts: random passwords, and the URLs that hold
# them. What is there already stays. secrets.sh [DIR]
set -euo pipefail
dir=${1:-$(dirname "$0")/secrets}

# The outer folder keeps others out. Inside a container the files belong to nobody who runs
# there, so they must be readable by all.
mkdir -p "$dir/sources"
chmod 700 "$dir"
chmod 755 "$dir/sources"

random() {
    od -An -N 24 -tx1 /dev/urandom | tr -d ' \n'
}

write() {
    [ -s "$dir/$1" ] || printf '%s\n' "$2" >"$dir/$1"
    chmod 644 "$dir/$1"
}

write postgres_password "$(random)"
write token "$(random)"
write database_url "postgresql://pagetide:$(cat "$dir/postgres_password")@postgres:5432/pagetide"
if [ ! -s "$dir/redis_conf" ]; then
    password=$(random)
    write redis_url "redis://pagetide:$password@redis:6379"
    write redis_conf "user default off
$(sed "s/PASSWORD/$password/" "$(dirname "$0")/redis.acl")
appendonly yes
dir /data"
fi
