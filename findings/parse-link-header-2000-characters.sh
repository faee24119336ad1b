#!/usr/bin/env bash
# parse-link-header 2.0.0 (npm).
#
# Setting: an API's next link carries a cursor, and the cursor grows with what it stands for: a
# filter, a sort key that is a title, a signature. Link headers of 1,950 and of 2,050 characters.
#
# A good guess: both are parsed. Servers send such headers, Node's own limit is 16 KiB for all
# of them, and a parser that has a limit of its own raises an error.
#
# Seen: from 2,001 characters on the answer is null. Just so it answers where there is no header,
# so that `parse(header)?.next` is the end of the walk, with no error. A variable of the
# environment moves the limit, and another one makes it an error.
#
# Tell "no header" from "not parsed", or a long cursor is the last page.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" parse-link-header@2.0.0
cat >"$dir/long.mjs" <<'END'
import {createRequire} from 'node:module';
import parse from 'parse-link-header';

console.log('parse-link-header',
    createRequire(import.meta.url)('parse-link-header/package.json').version);
for (const length of [1950, 2000, 2001, 2050]) {
    const rest = '<http://127.0.0.1/items?cursor=>; rel="next"';
    const header = rest.replace('=>', `=${'c'.repeat(length - rest.length)}>`);
    console.log(`${header.length} characters:`, parse(header)?.next ? 'next' : parse(header));
}
console.log('no header:', parse(undefined));
END
env -u PARSE_LINK_HEADER_MAXLEN -u PARSE_LINK_HEADER_THROW_ON_MAXLEN_EXCEEDED \
    node "$dir/long.mjs" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
parse-link-header 2.0.0
1950 characters: next
2000 characters: next
2001 characters: null
2050 characters: null
no header: null
END
echo "as seen"
