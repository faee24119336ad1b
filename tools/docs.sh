#!/usr/bin/env bash
# Writes docs/sources.md from the keys in the program and config/examples: docs.sh build/release
#
# With a second argument the text goes to that file instead.
set -euo pipefail

if [ $# -lt 1 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
cd "$(dirname "$0")/.."
out=${2:-docs/sources.md}
{
    cat <<'END'
# Source definitions

<!-- Written by `make docs` from the keys in config/. -->

One YAML file per source in `sources/`: an API, and the streams that are read from it. `pagetide
check` validates all of them. `pagetide preview STREAM` shows what a stream would fetch and which
table it would make. `pagetide config schema` prints a JSON Schema for editors.

*expression*: any value; text in `{{ … }}` is evaluated (expressions.md). *path*: `meta.next`,
`data[-1].id`, `['a.b']`. *locator*: a path into the body, `header:Name`, or an expression.
*place*: a query parameter, `header:Name`, `body:a.b` or `none`. *duration*: seconds, or `500ms`,
`30s`, `15m`, `2h`, `7d`. *size*: bytes, or `64KiB`, `8MiB`. `headers`, `params`, `vars`, `retry`
and `timeouts` of a stream are merged with the source's key by key, null removes one; everything
else replaces.
END
    "$1/pagetide" config reference --markdown
    printf '\n## Examples\n\nThe files of config/examples, which the tests read.\n'
    for file in config/examples/*.yaml; do
        printf '\n```yaml\n'
        cat "$file"
        printf '```\n'
    done
} >"$out"
