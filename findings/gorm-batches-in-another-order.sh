#!/usr/bin/env bash
# GORM 1.31.2 with its SQLite dialect github.com/glebarez/sqlite 1.11.0 (Go modules).
#
# Setting: an API gives out a table as lines, in batches, so that it need not hold the whole.
# FindInBatches does that, and the query has an Order, since the lines shall come by name.
#
# A good guess: the order is kept, or it is left aside for that of the key, or it is an error.
# All ten records come, once each.
#
# Seen: each batch goes on behind the id of the last record of the batch before, and the order is
# still that of the query, the id only breaks ties. Of ten records, three a batch, five come, two
# of them again and again, and five never. No error, and RowsAffected counts what came.
#
# A client sees a status 200 and the right end. Only a total, or the same ids again, gives it away.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/main.go" <<'END'
package main

import (
	"fmt"
	"strings"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"
)

type Item struct {
	ID   int
	Name string
}

func show(words string, query *gorm.DB) {
	seen := map[int]int{}
	var batches []string
	var items []Item
	result := query.FindInBatches(&items, 3, func(*gorm.DB, int) error {
		var batch []string
		for _, item := range items {
			batch = append(batch, fmt.Sprint(item.Name, item.ID))
			seen[item.ID]++
		}
		batches = append(batches, strings.Join(batch, " "))
		return nil
	})
	fmt.Printf("%s: %s\n", words, strings.Join(batches, " | "))
	fmt.Println("  different:", len(seen), "rows:", result.RowsAffected, "error:", result.Error)
}

func main() {
	db, err := gorm.Open(sqlite.Open(":memory:"), &gorm.Config{})
	if err == nil {
		err = db.AutoMigrate(&Item{})
	}
	if err != nil {
		panic(err)
	}
	for i := 1; i <= 10; i++ {
		db.Create(&Item{ID: i, Name: string(rune('a' + i*7%10))})
	}
	show("as they are", db)
	show("by name", db.Order("name"))
}
END
cd "$dir"
export GOPATH="$dir/go" GOFLAGS="-mod=mod -modcacherw"
{
    go mod init batches
    go get gorm.io/gorm@v1.31.2 github.com/glebarez/sqlite@v1.11.0
} 2>"$dir/log" || { cat "$dir/log" && exit 1; }
{
    go list -m -f '{{.Path}} {{.Version}}' gorm.io/gorm
    go run .
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
gorm.io/gorm v1.31.2
as they are: h1 e2 b3 | i4 f5 c6 | j7 g8 d9 | a10
  different: 10 rows: 10 error: <nil>
by name: a10 b3 c6 | a10 d9 g8 | a10 d9
  different: 5 rows: 8 error: <nil>
END
echo "as seen"
