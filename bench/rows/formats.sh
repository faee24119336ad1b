# shellcheck shell=bash
# shellcheck disable=SC2154 # set by run.sh
# The same records in another format: processor time of the process. The address is text in csv and xml.

define_formats() {
    local format
    define_load
    for format in ndjson csv xml; do
        gen "$format" 1 "$records" 1000 "$format"
    done
    define formats <<END
defaults: {pagination: {type: page, total_pages_path: "header:X-Pages"}, columns: {$columns}}
streams:
  ndjson: {path: /ndjson, format: ndjson}
  csv: {path: /csv, format: csv}
  xml: {path: /xml, format: xml, merge_path: rs.r}
END
}

group_format() {
    local format
    define_formats
    make_truth
    for _ in $(seq "$rounds"); do
        turn_fresh json load.typed
        for format in ndjson csv xml; do
            turn_fresh "$format" "formats.$format"
            same "formats.$format" bench.truth_T "id, uuid, name, active, price, created_at, due_on, note"
        done
    done
    for format in ndjson csv xml; do
        result "format-$format" "$(calc "$(cpu "$format") / $(cpu json)")" "µs a record" \
            "$format" "$(calc "1e6 * $(cpu "$format") / $records")" json "$(calc "1e6 * $(cpu json) / $records")"
    done
}
