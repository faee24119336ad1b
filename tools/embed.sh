#!/bin/sh
# Prints a C file that holds scripts (Lua, SQL) as strings, without lines of comment:
# `const struct embedded NAME[]`, ended by an entry whose name is NULL. Usage: embed.sh NAME FILE...
# embed.sh --packed NAME FILE...: as gzip has them, `const struct packed NAME[]`.
# embed.sh --packed-sql NAME FILE...: one text of all, without the comments between statements.
# embed.sh --digest NAME FILE...: what tells that text from others, `const char NAME[]`.
set -eu

put_texts() {
    for file; do
        printf '    {"%s",\n' "$(basename "$file")"
        sed -e '/^ *--/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/     "/' -e 's/$/\\n"/' "$file"
        echo '    },'
    done
}

# put_one NAME: the text that comes on stdin.
put_one() {
    gzip -9n >"$scratch.gz"
    printf '    {"%s", (const unsigned char[]){\n' "$1"
    od -An -v -tu1 "$scratch.gz" | sed 's/^ *//; s/  */,/g; s/$/,/'
    printf '}, %d, %d},\n' "$(wc -c <"$scratch.gz")" "$(gzip -dc <"$scratch.gz" | wc -c)"
}

put_packed() {
    for file; do
        name=$(basename "$file")
        put_one "$name" <"$file"
    done
}

sql_of() {
    cat "$@" | sed '/^--/d'
}

put_sql() {
    sql_of "$@" | put_one "$table"
}

if [ "$1" = --digest ]; then
    table=$2
    shift 2
    echo "const char ${table}[] = \"$(sql_of "$@" | sha256sum | cut -d' ' -f1)\";"
    exit
fi

echo '#include "base/embedded.h"'
type=packed put=put_texts
case $1 in
--packed) put=put_packed ;;
--packed-sql) put=put_sql ;;
*) type=embedded ;;
esac
[ $type = embedded ] || shift
table=$1
shift
scratch=$(mktemp)
trap 'rm -f "$scratch" "$scratch.gz"' EXIT
echo "const struct $type ${table}[] = {"
$put "$@"
echo '    {0},'
echo '};'
