#!/usr/bin/env bash
# cronsim 2.8, croniter 7.0.0, APScheduler 3.11.0 (PyPI), cron-parser 5.10.6, croner 11.0.1 (npm)
# and github.com/robfig/cron 3.0.1 (Go module), six readers of crontab lines.
#
# Setting: a sync is to run on Mondays with an odd day of the month: `0 0 */2 * 1`. By the manual
# of Vixie's cron a day must match both fields if one begins with a star, and else one is enough.
#
# A good guess: all six run on the 13th and the 27th of May 2024, since this is the line and the
# rule that they were made for.
#
# Seen: one does. Five take "*/2" for a list of days like any other. To four of them one field is
# then enough, so that the sync runs on 18 days of the month, not two. APScheduler's
# from_crontab always wants both fields, and its first day of the week is Monday, by number 0: it
# runs on Tuesdays.
#
# A schedule that moves from one program to another is another schedule. Write days by name, and
# never restrict both fields.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
    cronsim==2.8 croniter==7.0.0 apscheduler==3.11.0
npm install --silent --no-audit --no-fund --prefix "$dir" cron-parser@5.10.6 croner@11.0.1

cat >"$dir/days.py" <<'END'
import datetime
import sys

import apscheduler.triggers.cron
import croniter
import cronsim

line = sys.argv[1]
eve = datetime.datetime(2024, 4, 30, 12)


def show(words, times):
    days = []
    for time in times:
        if time.month != 5:
            break
        days.append(str(time.day))
    print(words, *days)


def of_apscheduler():
    trigger = apscheduler.triggers.cron.CronTrigger.from_crontab(line, timezone="UTC")
    now = eve.replace(tzinfo=datetime.timezone.utc)
    while True:
        now = trigger.get_next_fire_time(now, now)
        yield now


show("cronsim", cronsim.CronSim(line, eve))
show("croniter", croniter.croniter(line, eve).all_next(datetime.datetime))
show("APScheduler", of_apscheduler())
END
cat >"$dir/days.mjs" <<'END'
import {CronExpressionParser} from 'cron-parser';
import {Cron} from 'croner';

const line = process.argv[2];
const eve = new Date('2024-04-30T12:00:00Z');

function show(words, next) {
    const days = [];
    for (let time = next(); time.getUTCMonth() === 4; time = next())
        days.push(time.getUTCDate());
    console.log(words, ...days);
}

const parsed = CronExpressionParser.parse(line, {currentDate: eve, tz: 'UTC'});
show('cron-parser', () => parsed.next().toDate());
const cron = new Cron(line, {timezone: 'UTC', paused: true});
let last = eve;
show('croner', () => last = cron.nextRun(last));
END
mkdir "$dir/days"
cat >"$dir/days/main.go" <<'END'
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron/v3"
)

func main() {
	schedule, err := cron.ParseStandard(os.Args[1])
	if err != nil {
		panic(err)
	}
	fmt.Print("robfig/cron")
	at := time.Date(2024, 4, 30, 12, 0, 0, 0, time.UTC)
	for at = schedule.Next(at); at.Month() == time.May; at = schedule.Next(at) {
		fmt.Print(" ", at.Day())
	}
	fmt.Println()
}
END
(
    cd "$dir/days"
    export GOPATH="$dir/go" GOFLAGS="-mod=mod -modcacherw"
    go mod init days
    go get github.com/robfig/cron/v3@v3.0.1
    go build -o ../robfig .
) >"$dir/log" 2>&1 || { cat "$dir/log" && exit 1; }

for line in '0 0 * * 1' '0 0 */2 * 1'; do
    echo "$line"
    "$dir/venv/bin/python" "$dir/days.py" "$line"
    node "$dir/days.mjs" "$line"
    "$dir/robfig" "$line"
done | tee "$dir/seen"
diff "$dir/seen" - <<'END'
0 0 * * 1
cronsim 6 13 20 27
croniter 6 13 20 27
APScheduler 7 14 21 28
cron-parser 6 13 20 27
croner 6 13 20 27
robfig/cron 6 13 20 27
0 0 */2 * 1
cronsim 13 27
croniter 1 3 5 6 7 9 11 13 15 17 19 20 21 23 25 27 29 31
APScheduler 7 21
cron-parser 1 3 5 6 7 9 11 13 15 17 19 20 21 23 25 27 29 31
croner 1 3 5 6 7 9 11 13 15 17 19 20 21 23 25 27 29 31
robfig/cron 1 3 5 6 7 9 11 13 15 17 19 20 21 23 25 27 29 31
END
echo "as seen"
