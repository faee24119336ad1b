#!/bin/sh
# Prints a C file that holds text files as strings: `const struct embedded NAME[]`, ended by an
# entry whose name is NULL. Usage: embed.sh NAME FILE...
# embed.sh --packed NAME FILE...: as gzip has them, `const struct packed NAME[]`.
set -eu

put_texts() {
    for file; do
        printf '    {"%s",\n' "$(basename "$file")"
        sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/     "/' -e 's/$/\\n"/' "$file"
        echo '    },'
    done
}

put_packed() {
    for file; do
        bytes=$(gzip -9n <"$file" | od -An -v -tu1 | sed 's/^ *//; s/  */,/g; s/$/,/')
        printf '    {"%s", (const unsigned char[]){\n%s\n}, %d, %d},\n' \
            "$(basename "$file")" "$bytes" "$(gzip -9n <"$file" | wc -c)" "$(wc -c <"$file")"
    done
}

echo '#include "base/embedded.h"'
if [ "$1" = --packed ]; then
    table=$2 type=packed
    shift 2
else
    table=$1 type=embedded
    shift
fi
echo "const struct $type ${table}[] = {"
if [ $type = packed ]; then
    put_packed "$@"
else
    put_texts "$@"
fi
echo '    {0},'
echo '};'
