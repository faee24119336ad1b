#!/bin/sh
# Prints a C file that holds scripts (Lua, SQL) as strings, without lines of comment:
# `const struct embedded NAME[]`, ended by an entry whose name is NULL. Usage: embed.sh NAME FILE...
# embed.sh --packed NAME FILE...: as gzip has them, `const struct packed NAME[]`. All are one stream: what
# they have in common is there once.
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

put_pack() {
    gzip -9n >"$scratch"
    echo "static const struct pack pack_of_$table = {(const unsigned char[]){"
    od -An -v -tu1 "$scratch" | sed 's/^ *//; s/  */,/g; s/$/,/'
    echo "}, $(wc -c <"$scratch"), $(gzip -dc <"$scratch" | wc -c)};"
}

put_packed() {
    from=0
    for file; do
        len=$(wc -c <"$file")
        echo "    {\"$(basename "$file")\", &pack_of_$table, $from, $len},"
        from=$((from + len))
    done
}

sql_of() {
    cat "$@" | sed '/^--/d'
}

put_sql() {
    echo "    {\"$table\", &pack_of_$table, 0, $(sql_of "$@" | wc -c)},"
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
trap 'rm -f "$scratch"' EXIT
case $put in
put_packed) cat "$@" | put_pack ;;
put_sql) sql_of "$@" | put_pack ;;
esac
echo "const struct $type ${table}[] = {"
$put "$@"
echo '    {0},'
echo '};'
