#!/bin/sh
# Prints a C file that holds text files as strings: `const struct embedded NAME[]`,
# ended by an entry whose name is NULL. Usage: embed.sh NAME FILE...
set -eu
table=$1
shift
echo '#include "base/embedded.h"'
echo "const struct embedded ${table}[] = {"
for file; do
    printf '    {"%s",\n' "$(basename "$file")"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/     "/' -e 's/$/\\n"/' "$file"
    echo '    },'
done
echo '    {0, 0},'
echo '};'
