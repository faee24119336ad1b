#!/usr/bin/env bash
# Benthos 4.60.0 (Go module github.com/redpanda-data/benthos/v4), the language it maps records in.
#
# Setting: an API's ids have 17 to 19 digits, as ids that are made of a time and a counter have.
# Two pages overlap, and a mapping drops what comes twice: `unique(record -> record.id)`.
#
# A good guess: ids are whole to the last digit. The mapping reads and writes them so, `==` tells
# neighbours apart, `sort` and `contains` do too.
#
# Seen: unique() looks at the numbers as 64-bit floats, in which neighbours above 2^53 are often
# the same. Of six records of six ids three are left, and nothing says so. number() rounds in the
# same way. The same ids as texts are all kept.
#
# Make a text of an id before it is compared, or compare it with something that does.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/main.go" <<'END'
package main

import (
	"encoding/json"
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
)

const page = `[{"id": 1}, {"id": 9007199254740992}, {"id": 9007199254740993},
	{"id": 1700000000000000001}, {"id": 1700000000000000002}, {"id": 1700000000000000003}]`

func main() {
	for _, mapping := range []string{
		`$page`,
		`$page.index(1).id == $page.index(2).id`,
		`$page.map_each(record -> record.id).contains(9007199254740994)`,
		`$page.unique(record -> record.id)`,
		`$page.unique(record -> record.id.string())`,
	} {
		parsed, err := bloblang.Parse("let page = this.parse_json(use_number: true)\nroot = " + mapping)
		if err != nil {
			panic(err)
		}
		seen, err := parsed.Query(page)
		if err != nil {
			panic(err)
		}
		text, _ := json.Marshal(seen)
		fmt.Printf("%s\n  %s\n", mapping, text)
	}
}
END
cd "$dir"
export GOPATH="$dir/go" GOFLAGS="-mod=mod -modcacherw"
{
    go mod init ids
    go get github.com/redpanda-data/benthos/v4/public/bloblang@v4.60.0
} 2>"$dir/log" || { cat "$dir/log" && exit 1; }
{
    go list -m -f '{{.Path}} {{.Version}}' github.com/redpanda-data/benthos/v4
    go run .
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
github.com/redpanda-data/benthos/v4 v4.60.0
$page
  [{"id":1},{"id":9007199254740992},{"id":9007199254740993},{"id":1700000000000000001},{"id":1700000000000000002},{"id":1700000000000000003}]
$page.index(1).id == $page.index(2).id
  false
$page.map_each(record -> record.id).contains(9007199254740994)
  false
$page.unique(record -> record.id)
  [{"id":1},{"id":9007199254740992},{"id":1700000000000000001}]
$page.unique(record -> record.id.string())
  [{"id":1},{"id":9007199254740992},{"id":9007199254740993},{"id":1700000000000000001},{"id":1700000000000000002},{"id":1700000000000000003}]
END
echo "as seen"
