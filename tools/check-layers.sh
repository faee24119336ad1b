#!/usr/bin/env bash
# Layers: base < port < core < config, schema < worker | scheduler < cli; lower never includes
# higher, siblings never each other. A library's header stands in its port's .c alone. Tests
# and bench may use everything.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

# The folders each layer may include from, itself among them.
declare -A below=(
    [lib/base]="base"
    [lib/port]="base port"
    [lib/core]="base port core"
    [config]="base port core config"
    [schema]="base port core schema"
    [worker]="base port core config schema worker"
    [scheduler]="base port core config schema scheduler"
    [cli]="base port core config schema worker scheduler cli"
)

# Library headers, and the one module that may include each.
declare -A port_of=(
    [curl/]="lib/port/http.c lib/port/http_url.c lib/port/http_options.c lib/port/http_error.c"
    [hiredis/]="lib/port/redis.c lib/port/redis_reply.c"
    [libpq-fe.h]="lib/port/pg.c lib/port/pg_connect.c lib/port/pg_op.c lib/port/pg_result.c"
    [jansson.h]="lib/port/json.c"
    [libfyaml.h]="lib/port/yaml.c"
    [event2/]="lib/port/loop.c lib/port/httpd.c"
    [openssl/]="lib/port/digest.c"
    [xxhash.h]="lib/port/hash.c"
)

bad=0

complain() {
    echo "$1" >&2
    bad=1
}

for layer in "${!below[@]}"; do
    while IFS=: read -r file line text; do
        from=${text#*\"}
        from=${from%%/*}
        case " ${below[$layer]} " in
        *" $from "*) ;;
        *) complain "$file:$line: $layer must not include $text" ;;
        esac
    done < <(grep -rnE '^ *# *include +"' --include='*.[ch]' "$layer")
done

for header in "${!port_of[@]}"; do
    while IFS=: read -r file line _; do
        case " ${port_of[$header]} " in
        *" $file "*) ;;
        *) complain "$file:$line: <$header…> belongs in ${port_of[$header]}" ;;
        esac
    done < <(grep -rnE "^ *# *include +[<\"]$header" --include='*.[ch]' lib config schema worker scheduler cli)
done

exit $bad
