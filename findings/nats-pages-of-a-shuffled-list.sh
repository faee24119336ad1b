#!/usr/bin/env bash
# NATS server 2.11.9 with nats.go 1.55.0 (Go modules), its HTTP API of monitoring.
#
# Setting: 235 subscriptions are read by `/subsz?subs=1&limit=50&offset=…`, and 120 connections by
# `/connz?limit=25&offset=…&sort=subs`. Nothing changes meanwhile.
#
# A good guess: the list has some order of its own, the same for each request, and equal ones in `sort` keep theirs.
# Pages put together are the list.
#
# Seen: as many records as `total` says, and a good part of them twice, another never: each request shuffles the
# subscriptions anew, and the connections that are equal in `sort`. By `cid`, `connz` has all, and so by default.
#
# A total that is reached does not say that all came: count the different ones. One page that holds all is safe.
set -euo pipefail

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
mkdir "$dir/go"
cat >"$dir/go/main.go" <<'END'
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

type page struct {
	Total       int                        `json:"total"`
	List        []struct{ Subject string } `json:"subscriptions_list"`
	Connections []struct{ Cid int }        `json:"connections"`
}

// walk reads pages until one is short, and tells how many different records came.
func walk(words, url string, size int) {
	seen, count, total := map[string]bool{}, 0, 0
	for offset, got := 0, size; got == size; offset += size {
		answer, err := http.Get(fmt.Sprintf("%s&limit=%d&offset=%d", url, size, offset))
		check(err)
		var read page
		check(json.NewDecoder(answer.Body).Decode(&read))
		answer.Body.Close()
		for _, record := range read.List {
			seen[record.Subject] = true
		}
		for _, record := range read.Connections {
			seen[fmt.Sprint(record.Cid)] = true
		}
		got = len(read.List) + len(read.Connections)
		count, total = count+got, read.Total
	}
	fmt.Printf("%s: total reached: %t, some missing: %t\n", words, count == total, len(seen) < total)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	broker, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, HTTPHost: "127.0.0.1", HTTPPort: -1,
		NoSigs: true, NoLog: true, NoSystemAccount: true})
	check(err)
	go broker.Start()
	broker.ReadyForConnections(10 * time.Second)
	for i := range 120 {
		client, err := nats.Connect(broker.ClientURL())
		check(err)
		for j := 0; i == 0 && j < 235; j++ {
			_, err = client.SubscribeSync(fmt.Sprintf("orders.%03d", j))
			check(err)
		}
		check(client.Flush())
	}
	fmt.Println("nats-server", server.VERSION)
	base := "http://" + broker.MonitorAddr().String()
	walk("subscriptions", base+"/subsz?subs=1", 50)
	walk("subscriptions, one page", base+"/subsz?subs=1", 1000)
	walk("connections", base+"/connz?x=1", 25)
	walk("connections, sort=cid", base+"/connz?sort=cid", 25)
	walk("connections, sort=subs", base+"/connz?sort=subs", 25)
	walk("connections, sort=pending", base+"/connz?sort=pending", 25)
	broker.Shutdown()
}
END
export GOPATH=$dir/gopath GOCACHE=$dir/gocache GOFLAGS=-modcacherw GOTOOLCHAIN=local
(cd "$dir/go" && go mod init shuffled && go get github.com/nats-io/nats-server/v2@v2.11.9 github.com/nats-io/nats.go@v1.55.0 &&
    go mod tidy && go build -o shuffled .) >"$dir/go.log" 2>&1 || { cat "$dir/go.log"; exit 1; }
"$dir/go/shuffled" | tee "$dir/seen"
diff "$dir/seen" - <<'END'
nats-server 2.11.9
subscriptions: total reached: true, some missing: true
subscriptions, one page: total reached: true, some missing: false
connections: total reached: true, some missing: false
connections, sort=cid: total reached: true, some missing: false
connections, sort=subs: total reached: true, some missing: true
connections, sort=pending: total reached: true, some missing: true
END
echo "as seen"
