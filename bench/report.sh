#!/usr/bin/env bash
# Writes the figures of build/bench/result.json into docs/performance.md, between the lines
# <!-- NAME --> and <!-- end -->: bench/report.sh [RESULT [DOCUMENT]]
#
#   machine     where, when and of which commit they are
#   result      the table of all rows
#   ROW…        a picture of the rows whose ids begin with one of these words
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

result=${1:-build/bench/result.json}
page=${2:-docs/performance.md}

show_machine() {
    jq -r '
        "Commit `\(.commit)`, \(.date[:10]); \(.machine.cpu), \(.machine.cores) cores, \(.machine.kernel); load before: \(.machine.load_before).",
        "PostgreSQL \(.postgresql.version): \(.postgresql.settings | to_entries | map("`\(.key) = \(.value)`") | join(", ")).",
        "\(.records) records, medians of \(.rounds) rounds\(if .quick then ": a quick run (`QUICK=1`), which proves the bench and is no measure" else "" end)."
        ' "$result"
}

show_result() {
    jq -r '
        def short: if . >= 1000 then round | tostring elif . >= 100 then (. * 10 | round / 10 | tostring)
            else (. * 100 | round / 100 | tostring) end;
        def limit: if . == null then "" else tostring end;
        "| row | | measured | must | aim | |", "|---|---|---|---|---|---|",
        (.rows[] | "| `\(.id)` | \(.what) | \(.value | short) \(.unit) | \(.must | limit) | \(.aim | limit) | \(
            {aim: "aim reached", must: "reached", no: "**not reached**"}[.reached // ""] // "") |")' "$result"
}

# Bars of one unit share a scale.
show_picture() {
    jq -e --arg words "$*" '($words | split(" ")) as $words
        | any(.rows[].id; . as $id | any($words[]; . as $word | $id | startswith($word)))' "$result" >/dev/null ||
        { echo "Not measured in that run." && return; }
    echo '```text'
    jq -r --arg words "$*" '
        ($words | split(" ")) as $words
        | [.rows[] | select(.id as $id | any($words[]; . as $word | $id | startswith($word)))]
        | group_by(.of_unit)[] | (map(.of[].value) | max) as $most
        | .[] | .id as $id | .of_unit as $unit | .of[] | [$id, .name, .value, $unit, .value / $most * 40] | join("\t")' "$result" |
        awk -F'\t' '{
            bar = ""
            for (i = 0.5; i < $5; i++) bar = bar "█"
            printf "%-18s %-22s %9.*f %-11s %s\n", ($1 == last ? "" : $1), $2, ($3 < 100 ? 2 : 0), $3, $4, bar == "" ? "▏" : bar
            last = $1
        }'
    echo '```'
}

show() {
    case $1 in
    machine) show_machine ;;
    result) show_result ;;
    *) show_picture "$@" ;;
    esac
}

[ -f "$result" ] || {
    echo "report: there is no $result; make bench writes it" >&2
    exit 1
}
while IFS= read -r line; do
    if [[ $line =~ ^'<!-- '(.*)' -->'$ && ${BASH_REMATCH[1]} != end ]]; then
        read -ra words <<<"${BASH_REMATCH[1]}"
        printf '%s\n' "$line"
        show "${words[@]}"
        while IFS= read -r line && [ "$line" != '<!-- end -->' ]; do :; done
    fi
    printf '%s\n' "$line"
done <"$page" >"$page.new"
mv "$page.new" "$page"
