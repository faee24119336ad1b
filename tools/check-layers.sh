#!/usr/bin/env bash
# Layers: base < port < core < config, schema < worker | scheduler | web < cli; lower never includes
# higher, siblings never each other. Inside worker/ two towers of rooms that never see each
# other: records < values < rows < load knows no HTTP, access < paging < exchange knows no PostgreSQL,
# only the machine above them sees both. core/expr is the inside of core. A library's header
# is included by its port's .c files alone. Tests and bench may use everything.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

# The rooms each room may include from besides itself.
declare -A below=(
    [lib/base]=""
    [lib/port]="base"
    [lib/core]="base port core/expr"
    [lib/core/expr]="base port core"
    [config]="base port core"
    [config/import]="base port core config"
    [schema]="base port core"
    [worker/records]="base port core config"
    [worker/values]="base port core config worker/records"
    [worker/rows]="base port core config worker/records worker/values"
    [worker/load]="base port core config worker/records worker/values worker/rows"
    [worker/access]="base port core config"
    [worker/pace]="base port core config"
    [worker/signs]="base port core config worker/access"
    [worker/paging]="base port core config worker/access worker/signs"
    [worker/exchange]="base port core config worker/access worker/signs"
    [worker/crawl]="base port core config worker/records worker/rows worker/load worker/access worker/signs worker/paging worker/exchange worker/pace"
    [worker/discover]="base port core config worker/records worker/rows worker/load worker/access worker/signs worker/exchange worker/pace worker/crawl"
    [worker/rehearsal]="base port core config worker/records worker/rows worker/access worker/signs worker/exchange worker/crawl worker/discover"
    [worker/places]="base port core config worker/records worker/rows worker/signs"
    [worker/replay]="base port core config worker/records worker/rows worker/load worker/exchange"
    [worker/after]="base port core config worker/access worker/exchange"
    [worker]="base port core config worker/load worker/access worker/pace worker/crawl"
    [scheduler]="base port core config schema"
    [web]="base port core config"
    [cli]="base port core config config/import schema scheduler web worker worker/crawl worker/discover worker/places worker/rehearsal worker/replay worker/after"
)

# What a room must not see, not even through the headers that it includes.
declare -A hidden=(
    [worker/records]="lib/port/http.h lib/port/pg.h lib/port/redis.h"
    [worker/values]="lib/port/http.h lib/port/pg.h lib/port/redis.h"
    [worker/rows]="lib/port/http.h lib/port/pg.h lib/port/redis.h"
    [worker/load]="lib/port/http.h lib/port/redis.h"
    [worker/access]="lib/port/pg.h lib/port/redis.h"
    [worker/pace]="lib/port/http.h lib/port/pg.h lib/port/redis.h"
    [worker/signs]="lib/port/pg.h lib/port/redis.h"
    [worker/paging]="lib/port/pg.h lib/port/redis.h"
    [worker/exchange]="lib/port/pg.h lib/port/redis.h"
)

# Library headers, and the one module that may include each.
declare -A port_of=(
    [curl/]="lib/port/http.c lib/port/http_multi.c lib/port/http_url.c lib/port/http_options.c lib/port/http_error.c lib/port/http_proxy.c"
    [zlib.h]="lib/port/http_coding.c lib/port/unpack.c"
    [hiredis/]="lib/port/redis.c lib/port/redis_reply.c lib/port/redis_sentinel.c"
    [libpq-fe.h]="lib/port/pg.c lib/port/pg_connect.c lib/port/pg_url.c lib/port/pg_op.c lib/port/pg_result.c"
    [jansson.h]="lib/port/json.c"
    [libfyaml.h]="lib/port/yaml.c"
    [event2/]="lib/port/loop.c lib/port/httpd.c"
    [openssl/]="lib/port/crypto.c lib/port/digest.c lib/port/signature.c lib/port/stream.c"
    [xxhash.h]="lib/port/hash.c"
    [expat.h]="lib/port/xml.c"
)

bad=0

complain() {
    echo "$1" >&2
    bad=1
}

# A folder without a line above would be seen by nobody.
for file in lib/*/*.[ch] lib/*/*/*.[ch] config/*.[ch] config/*/*.[ch] worker/*/*.[ch] schema/*.[ch] scheduler/*.[ch] web/*.[ch]; do
    folder=${file%/*}
    [[ -n ${below[$folder]+there} ]] ||
        complain "$folder: no line in tools/check-layers.sh says what it may include"
done

for room in "${!below[@]}"; do
    while IFS=: read -r file line text; do
        from=${text#*\"}
        from=${from%\"*}
        [[ $from == */* ]] && from=${from%/*}
        case " ${below[$room]} ${room#lib/} " in
        *" $from "*) ;;
        *) complain "$file:$line: $room must not include $text" ;;
        esac
    done < <(grep -nE '^ *# *include +"' "$room"/*.[ch])
done

for room in "${!hidden[@]}"; do
    for header in ${hidden[$room]}; do
        ${CC:-gcc} -MM -MG -I. -Ilib "$room"/*.c | tr '\\\n' '  ' | grep -qF " $header " &&
            complain "$room: must not see $header, not even through another header"
    done
done

for header in "${!port_of[@]}"; do
    while IFS=: read -r file line _; do
        case " ${port_of[$header]} " in
        *" $file "*) ;;
        *) complain "$file:$line: <$header…> belongs in ${port_of[$header]}" ;;
        esac
    done < <(grep -rnE "^ *# *include +[<\"]$header" --include='*.[ch]' lib config schema worker scheduler web cli)
done

exit $bad
