#!/usr/bin/env bash
# tenacity 9.2.1, urllib3 2.8.0, backoff 2.2.1 (PyPI), retry 0.13.1 and cockatiel 3.2.1 (npm), github.com/avast/retry-go
# 4.6.1 and github.com/cenkalti/backoff 5.0.3 (Go modules), seven that say how long to wait before another try.
#
# Setting: a service is away. A hundred clients have failed in the same moment; each waits exponentially from one
# second, at most a minute, with the jitter that the library has. It is there so that they do not come back together.
#
# A good guess: the waits of a hundred clients differ before each try, the thirteenth as well as the third.
#
# Seen: by tenacity, urllib3, retry (p-retry and async-retry are made of it) and retry-go all hundred wait the same 60
# seconds before a late try. The random part is added first, and the sum is cut to the longest wait. By
# cockatiel's default, too. The longer the outage, the less the jitter does.
# backoff and cenkalti's backoff cut first, and keep it.
#
# Cut the wait, then make it random.
set -euo pipefail

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check tenacity==9.2.1 urllib3==2.8.0 backoff==2.2.1
npm install --silent --no-audit --no-fund --prefix "$dir" retry@0.13.1 cockatiel@3.2.1

cat >"$dir/waits.py" <<'END'
import backoff
import tenacity
import urllib3
from urllib3.util.retry import RequestHistory


def show(words, wait):
    """wait(n) is what one client waits before its try n."""
    told = []
    for n in (3, 7, 13):
        waits = {round(wait(n), 3) for _ in range(100)}
        told.append(f"try {n} " + ("they differ" if len(waits) > 2 else f"all wait {max(waits):g}"))
    print(f"{words}:", ", ".join(told))


def of_tenacity(n):
    state = tenacity.RetryCallState(None, None, (), {})
    state.attempt_number = n - 1
    return tenacity.wait_exponential_jitter(initial=1, max=60, jitter=5)(state)


def of_urllib3(n):
    failed = (RequestHistory("GET", "/", None, 503, None),) * (n - 1)
    return urllib3.Retry(20, backoff_factor=1, backoff_jitter=5, backoff_max=60, history=failed).get_backoff_time()


def of_backoff(n):
    waits = backoff.expo(max_value=60)
    next(waits)  # it begins with a sign of its own
    for _ in range(n - 1):
        wait = next(waits)
    return backoff.full_jitter(wait)


show("tenacity", of_tenacity)
show("urllib3", of_urllib3)
show("backoff", of_backoff)
END
cat >"$dir/waits.mjs" <<'END'
import retry from 'retry'
import {ExponentialBackoff} from 'cockatiel'

function show(words, wait) {
  const told = [3, 7, 13].map(n => {
    const waits = new Set(Array.from({length: 100}, () => wait(n) / 1000))
    return `try ${n} ` + (waits.size > 2 ? 'they differ' : `all wait ${Math.max(...waits)}`)
  })
  console.log(`${words}:`, told.join(', '))
}

show('retry', n => retry.timeouts({retries: 12, minTimeout: 1000, maxTimeout: 60000, randomize: true})[n - 2])
show('cockatiel', n => {
  let wait = new ExponentialBackoff({initialDelay: 1000, maxDelay: 60000}).next()
  while (--n > 1)
    wait = wait.next()
  return wait.duration
})
END
mkdir "$dir/go"
cat >"$dir/go/main.go" <<'END'
package main

import (
	"fmt"
	"time"

	"github.com/avast/retry-go/v4"
	"github.com/cenkalti/backoff/v5"
)

func show(words string, wait func(n int) time.Duration) {
	fmt.Print(words, ":")
	for i, n := range []int{3, 7, 13} {
		waits := map[time.Duration]bool{}
		var last time.Duration
		for range 100 {
			last = wait(n)
			waits[last] = true
		}
		fmt.Print([]string{" ", ", ", ", "}[i], "try ", n)
		if len(waits) > 2 {
			fmt.Print(" they differ")
		} else {
			fmt.Print(" all wait ", last.Seconds())
		}
	}
	fmt.Println()
}

func main() {
	show("retry-go", ofRetry)
	show("cenkalti's backoff", func(n int) (wait time.Duration) {
		one := backoff.NewExponentialBackOff()
		one.InitialInterval, one.Multiplier, one.MaxInterval = time.Second, 2, time.Minute
		for ; n > 1; n-- {
			wait = one.NextBackOff()
		}
		return
	})
}

// The waits of a call that fails, on a clock that does not make anybody wait.
type clock struct{ last time.Duration }

func (c *clock) After(wait time.Duration) <-chan time.Time {
	c.last = wait
	now := make(chan time.Time, 1)
	now <- time.Time{}
	return now
}

func ofRetry(n int) time.Duration {
	var c clock
	_ = retry.Do(func() error { return fmt.Errorf("away") }, retry.Attempts(uint(n)), retry.Delay(time.Second),
		retry.MaxJitter(5*time.Second), retry.MaxDelay(time.Minute), retry.WithTimer(&c))
	return c.last
}
END
export GOPATH=$dir/gopath GOCACHE=$dir/gocache GOFLAGS=-modcacherw GOTOOLCHAIN=local
(cd "$dir/go" && go mod init waits && go get github.com/avast/retry-go/v4@v4.6.1 github.com/cenkalti/backoff/v5@v5.0.3 &&
    go build -o waits .) >"$dir/go.log" 2>&1 || { cat "$dir/go.log"; exit 1; }
{
    "$dir/venv/bin/python" "$dir/waits.py"
    node "$dir/waits.mjs"
    "$dir/go/waits"
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
tenacity: try 3 they differ, try 7 they differ, try 13 all wait 60
urllib3: try 3 they differ, try 7 they differ, try 13 all wait 60
backoff: try 3 they differ, try 7 they differ, try 13 they differ
retry: try 3 they differ, try 7 they differ, try 13 all wait 60
cockatiel: try 3 they differ, try 7 they differ, try 13 all wait 60
retry-go: try 3 they differ, try 7 all wait 60, try 13 all wait 60
cenkalti's backoff: try 3 they differ, try 7 they differ, try 13 they differ
END
echo "as seen"
