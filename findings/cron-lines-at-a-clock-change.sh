#!/usr/bin/env bash
# cronsim 2.8, croniter 7.0.0, Celery 5.7.0 (PyPI), cron-parser 5.10.6, croner 11.0.1, cron 4.4.0 (npm)
# and github.com/robfig/cron 3.0.1 (Go module), seven that say when a crontab line runs next.
#
# Setting: two syncs in Berlin, hourly at half past and daily at half past two. On 2024-03-31 the
# clock goes from two to three, on 2024-10-27 from three back to two. Times below are in UTC.
#
# A good guess: they may differ over the daily line, which falls into the gap and then comes twice.
# The hourly line is safe: half past comes in every hour that passes, whatever it is called.
#
# Seen: the hourly line has an extra run in spring by cron, at the full hour (01:00), and by Celery one
# hour less in autumn, so that an hourly window of the API is asked for twice, or never. The daily
# one is left out for a day by robfig/cron; else it runs at the gap's end or an hour late. In autumn
# it runs twice by croniter and robfig/cron.
#
# Schedules of syncs are best in UTC, and a window should begin where the last one ended.
set -euo pipefail

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
    cronsim==2.8 croniter==7.0.0 celery==5.7.0 tzdata==2026.1
npm install --silent --no-audit --no-fund --prefix "$dir" cron-parser@5.10.6 croner@11.0.1 cron@4.4.0

cat >"$dir/next.py" <<'END'
import datetime
import sys
import zoneinfo

import celery
import celery.schedules
import croniter
import cronsim

berlin = zoneinfo.ZoneInfo("Europe/Berlin")
line = sys.argv[1]
start = datetime.datetime.fromisoformat(sys.argv[2] + "+00:00").astimezone(berlin)


def show(words, times):
    print(f"  {words}:", *(next(times).astimezone(datetime.timezone.utc).strftime("%dT%H:%M")
                           for _ in range(5 if line.startswith("30 *") else 2)))


def of_celery():
    """Asked each minute, as its beat asks."""
    now = last = start
    app = celery.Celery()
    app.conf.timezone = "Europe/Berlin"
    minute, hour, *_ = line.split()
    schedule = celery.schedules.crontab(minute, hour, nowfun=lambda: now, app=app)
    while True:
        now = (now.astimezone(datetime.timezone.utc) + datetime.timedelta(minutes=1)).astimezone(berlin)
        if schedule.is_due(last).is_due:
            last = now
            yield now


show("cronsim", cronsim.CronSim(line, start))
show("croniter", croniter.croniter(line, start).all_next(datetime.datetime))
show("Celery", of_celery())
END
cat >"$dir/next.mjs" <<'END'
import { CronExpressionParser } from 'cron-parser'
import { Cron } from 'croner'
import { CronTime } from 'cron'

const [line, text] = process.argv.slice(2)
const start = new Date(text + 'Z')
const tz = 'Europe/Berlin'

function show(words, next) {
  const times = Array.from({ length: line.startsWith('30 *') ? 5 : 2 }, next)
  console.log(`  ${words}:`, ...times.map(time => time.toISOString().slice(8, 16)))
}

const parsed = CronExpressionParser.parse(line, { currentDate: start, tz })
show('cron-parser', () => parsed.next().toDate())
const runs = new Cron(line, { timezone: tz, paused: true }).nextRuns(5, start)
show('croner', () => runs.shift())
const time = new CronTime(line, tz)
let at = start
show('cron', () => (at = time.getNextDateFrom(at, tz).toJSDate()))
END
mkdir "$dir/go"
cat >"$dir/go/main.go" <<'END'
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

func main() {
	line := os.Args[1]
	berlin, _ := time.LoadLocation("Europe/Berlin")
	at, _ := time.ParseInLocation("2006-01-02T15:04", os.Args[2], time.UTC)
	schedule, err := cron.ParseStandard(line)
	if err != nil {
		panic(err)
	}
	count := 2
	if strings.HasPrefix(line, "30 *") {
		count = 5
	}
	fmt.Print("  robfig/cron:")
	for at = at.In(berlin); count > 0; count-- {
		at = schedule.Next(at)
		fmt.Print(" ", at.UTC().Format("02T15:04"))
	}
	fmt.Println()
}
END
export GOPATH=$dir/gopath GOCACHE=$dir/gocache GOFLAGS=-modcacherw GOTOOLCHAIN=local
(cd "$dir/go" && go mod init next && go get github.com/robfig/cron/v3@v3.0.1 && go build -o next .) >"$dir/go.log" 2>&1 ||
    { cat "$dir/go.log"; exit 1; }

ask() {
    echo "$1 of $2:"
    "$dir/venv/bin/python" "$dir/next.py" "$3" "$4"
    node "$dir/next.mjs" "$3" "$4"
    "$dir/go/next" "$3" "$4"
}
{
    ask hourly spring "30 * * * *" 2024-03-30T23:00
    ask hourly autumn "30 * * * *" 2024-10-26T22:00
    ask daily spring "30 2 * * *" 2024-03-30T23:00
    ask daily autumn "30 2 * * *" 2024-10-26T22:00
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
hourly of spring:
  cronsim: 30T23:30 31T00:30 31T01:30 31T02:30 31T03:30
  croniter: 30T23:30 31T00:30 31T01:30 31T02:30 31T03:30
  Celery: 30T23:30 31T00:30 31T01:30 31T02:30 31T03:30
  cron-parser: 30T23:30 31T00:30 31T01:30 31T02:30 31T03:30
  croner: 30T23:30 31T00:30 31T01:30 31T02:30 31T03:30
  cron: 30T23:30 31T00:30 31T01:00 31T01:30 31T02:30
  robfig/cron: 30T23:30 31T00:30 31T01:30 31T02:30 31T03:30
hourly of autumn:
  cronsim: 26T22:30 26T23:30 27T00:30 27T01:30 27T02:30
  croniter: 26T22:30 26T23:30 27T00:30 27T01:30 27T02:30
  Celery: 26T22:30 26T23:30 27T00:30 27T02:30 27T03:30
  cron-parser: 26T22:30 26T23:30 27T00:30 27T01:30 27T02:30
  croner: 26T22:30 26T23:30 27T00:30 27T01:30 27T02:30
  cron: 26T22:30 26T23:30 27T00:30 27T01:30 27T02:30
  robfig/cron: 26T22:30 26T23:30 27T00:30 27T01:30 27T02:30
daily of spring:
  cronsim: 31T01:00 01T00:30
  croniter: 31T01:00 01T00:30
  Celery: 31T01:30 01T00:30
  cron-parser: 31T01:30 01T00:30
  croner: 31T01:00 01T00:30
  cron: 31T01:00 01T00:30
  robfig/cron: 01T00:30 02T00:30
daily of autumn:
  cronsim: 27T00:30 28T01:30
  croniter: 27T00:30 27T01:30
  Celery: 27T00:30 28T01:30
  cron-parser: 27T00:30 28T01:30
  croner: 27T00:30 28T01:30
  cron: 27T00:30 28T01:30
  robfig/cron: 27T00:30 27T01:30
END
echo "as seen"
