#!/usr/bin/env bash
# Writes what the program knows into docs/: docs.sh build/release [OUT]
#
# docs/sources.md is written whole, from the keys and config/examples; docs/tables.md from
# schema/comments.sql. In the others, what is between `<!-- pagetide ARGS -->` and `<!-- end -->` becomes the output of that command. With
# OUT, a folder, the files go there.
set -euo pipefail

if [ $# -lt 1 ]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 2
fi
cd "$(dirname "$0")/.."
program=$1/pagetide
out=${2:-docs}
mkdir -p "$out"

write_sources() {
    cat <<'END'
# Source definitions

<!-- Written by `make docs` from the keys in config/. -->

One YAML file per source in `sources/`: an API, and the streams that are read from it. `pagetide
check` validates all of them. `pagetide preview STREAM` shows what a stream would fetch and which
table it would make. `pagetide config schema` prints a JSON Schema for editors.

*expression*: any value; text in `{{ … }}` is evaluated (expressions.md). *path*: `meta.next`,
`data[-1].id`, `['a.b']`. *locator*: a path into the body, `header:Name`, or an expression.
*place*: see Places, below. *duration*: seconds, or `500ms`,
`30s`, `15m`, `2h`, `7d`. *size*: bytes, or `64KiB`, `8MiB`. `headers`, `params`, `vars`, `retry`
and `timeouts` of a stream are merged with the source's key by key, null removes one; everything
else replaces.
END
    "$program" config reference --markdown
    printf '\n## Examples\n\nThe files of config/examples, which the tests read.\n'
    for file in config/examples/*.yaml; do
        printf '\n```yaml\n'
        cat "$file"
        printf '```\n'
    done
}

# From lines such as: comment on column pagetide.run.id is 'number of the run';
write_tables() {
    local line name text
    cat <<'END'
# The tables in the schema `pagetide`

<!-- Written by `make docs` from schema/comments.sql; psql shows the same: \d+ pagetide.run -->

Views first: they are what people read, and a contract. New columns come last, none goes away.
The tables below them are the program's own: read them, and change them by its commands.

Each table that a stream fills has these columns besides the records' own:

| column | holds |
|---|---|
| `_pt_run` | the run that wrote the row last |
| `_pt_at` | when that was |
| `_pt_aside` | values that did not fit their column, as they were sent: `{column: value}` |
| `_pt_deleted_at` | with `deletes: soft`: when the record had vanished; null: it is there |
| `_pt_from`, `_pt_to` | with `write: history`: the start of the run that saw the version first, and of the one that did not any more |
| `_pt_current` | with `write: history`: whether it is the record's last version |
END
    grep '^comment on' schema/comments.sql | while IFS= read -r line; do
        name=${line#*pagetide.}
        name=${name%% is \'*}
        text=${line#* is \'}
        text=${text%"';"}
        text=${text//"''"/"'"}
        # shellcheck disable=SC2016 # backquotes of Markdown
        case $line in
        'comment on column '*) printf '| `%s` | %s |\n' "${name#*.}" "$text" ;;
        *) printf '\n## %s\n\n%s.\n\n| column | holds |\n|---|---|\n' "$name" "$text" ;;
        esac
    done
}

# The text of a file, with the output of the commands it names.
fill() {
    local line skip=
    while IFS= read -r line; do
        if [ "$line" = '<!-- end -->' ]; then
            skip=
        fi
        [ -n "$skip" ] || printf '%s\n' "$line"
        if [[ $line == '<!-- pagetide '*' -->' ]]; then
            line=${line#<!-- pagetide }
            echo
            # shellcheck disable=SC2086 # the arguments
            "$program" ${line% -->}
            echo
            skip=yes
        fi
    done
}

text=$(write_sources)
printf '%s\n' "$text" >"$out/sources.md"
text=$(write_tables)
printf '%s\n' "$text" >"$out/tables.md"
grep -l '^<!-- pagetide ' docs/*.md | while IFS= read -r file; do
    text=$(fill <"$file")
    printf '%s\n' "$text" >"$out/${file##*/}"
done
