#!/usr/bin/env bash
# BullMQ 6.7.0 with ioredis 5.11.1, Bee-Queue 2.0.0 (npm), arq 0.28.0, RQ 3.0.0 (PyPI) and github.com/hibiken/asynq 0.26.0 (Go
# module), five queues of jobs, with Redis 7.0.15 (Debian).
#
# Setting: a table is loaded again on demand. The job gets the id "reload-orders", so that two
# people who ask at once get one load. Later, when that load is done, somebody asks again.
#
# A good guess: an id is taken while its job waits or runs. A second job with it is refused then;
# after the end it is a new job, and it runs.
#
# Seen: of the five, asynq alone does that. BullMQ, Bee-Queue and arq keep ended jobs, and while
# one is kept a new one with its id never runs: with BullMQ's and Bee-Queue's defaults for good,
# with arq's for an hour. Bee-Queue and arq give nothing back then; BullMQ gives a job, as if it
# had been added. RQ is the other way round: three jobs with one id, asked for while none has begun,
# run three times.
#
# A reload by a fixed id wants `removeOnComplete`, `keep_result=0`, or a time in the id.
set -euo pipefail

dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download redis-tools=5:7.0.15-1~deb12u10 \
    libjemalloc2=5.3.0-1 liblzf1=3.6-3)
for package in "$dir"/*.deb; do dpkg -x "$package" "$dir/root"; done
npm install --silent --no-audit --no-fund --prefix "$dir" bullmq@6.7.0 ioredis@5.11.1 bee-queue@2.0.0
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check arq==0.28.0 rq==3.0.0

cat >"$dir/queues.mjs" <<'END'
import Bee from 'bee-queue'
import { Queue, QueueEvents, Worker } from 'bullmq'

const redis = { port: Number(process.argv[2]) }
const ids = []
let ran = 0

// Jobs are taken in their order: when the marker is done, what was added before it has run.
const queue = new Queue('bull', { connection: redis })
const events = new QueueEvents('bull', { connection: redis })
const work = async job => { ran += job.name === 'load' ? 1 : 0 }
const worker = new Worker('bull', work, { connection: redis })
await events.waitUntilReady()
for (let i = 0; i < 2; i++) {
  ids.push((await queue.add('load', {}, { jobId: 'reload-orders' })).id)
  await (await queue.add('marker', {})).waitUntilFinished(events)
}
console.log('BullMQ: added', ...ids, '| ran', ran)
await Promise.all([worker.close(), queue.close(), events.close()])

ran = 0
ids.length = 0
const bee = new Bee('bee', { redis })
bee.process(async job => { ran += job.data.marker ? 0 : 1 })
for (let i = 0; i < 2; i++) {
  ids.push((await bee.createJob({}).setId('reload-orders').save()).id)
  const marker = bee.createJob({ marker: true })
  const done = new Promise(resolve => marker.on('succeeded', resolve))
  await marker.save()
  await done
}
console.log('Bee-Queue: added', ...ids, '| ran', ran)
await bee.close()
END
cat >"$dir/job.py" <<'END'
import os

import redis


def load():
    redis.Redis(port=int(os.environ["PORT"])).incr("ran")
END
cat >"$dir/queues.py" <<'END'
import asyncio
import os

import arq
import arq.connections
import redis
import rq

import job

port = int(os.environ["PORT"])


async def with_arq():
    settings = arq.connections.RedisSettings(port=port)
    pool = await arq.create_pool(settings)
    ran, ids = [], []

    async def load(context):
        ran.append(1)

    for _ in range(2):
        queued = await pool.enqueue_job("load", _job_id="reload-orders")
        ids.append(queued.job_id if queued else "nothing")
        worker = arq.Worker([arq.func(load, name="load")], redis_settings=settings, burst=True,
                            handle_signals=False)
        await worker.main()
    print("arq: added", *ids, "| ran", len(ran))


asyncio.run(with_arq())
client = redis.Redis(port=port)
queue = rq.Queue(connection=client)
ids = [queue.enqueue(job.load, job_id="reload-orders").id for _ in range(3)]
rq.SimpleWorker([queue], connection=client).work(burst=True, logging_level="ERROR")
print("RQ: added", *ids, "| ran", client.get("ran").decode())
END
mkdir "$dir/go"
cat >"$dir/go/main.go" <<'END'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/hibiken/asynq"
)

func main() {
	redis := asynq.RedisClientOpt{Addr: "127.0.0.1:" + os.Args[1]}
	client, inspector := asynq.NewClient(redis), asynq.NewInspector(redis)
	ran := 0
	server := asynq.NewServer(redis, asynq.Config{Concurrency: 1, LogLevel: asynq.FatalLevel})
	load := func(context.Context, *asynq.Task) error { ran++; return nil }
	if err := server.Start(asynq.HandlerFunc(load)); err != nil {
		panic(err)
	}
	fmt.Print("asynq: added")
	for i := 0; i < 2; i++ {
		task, err := client.Enqueue(asynq.NewTask("load", nil), asynq.TaskID("reload-orders"))
		if err != nil {
			fmt.Print(" ", err)
			break
		}
		fmt.Print(" ", task.ID)
		for left := 200; left > 0; left-- { // it is gone when it is done
			if _, err := inspector.GetTaskInfo("default", task.ID); err != nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	fmt.Println(" | ran", ran)
	server.Shutdown()
}
END
export GOPATH=$dir/gopath GOCACHE=$dir/gocache GOFLAGS=-modcacherw GOTOOLCHAIN=local
(cd "$dir/go" && go mod init queues && go get github.com/hibiken/asynq@v0.26.0 && go mod tidy &&
    go build -o queues .) >"$dir/go.log" 2>&1 || { cat "$dir/go.log"; exit 1; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
ln -s redis-check-rdb "$dir/root/usr/bin/redis-of-debian" # the server, by another name
LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu "$dir/root/usr/bin/redis-of-debian" --bind 127.0.0.1 \
    --port "$port" --save '' --dir "$dir" >"$dir/redis.log" 2>&1 &
server=$!
for _ in $(seq 100); do
    ! grep -q "Ready to accept" "$dir/redis.log" || break
    sleep 0.1
done
{
    node "$dir/queues.mjs" "$port"
    PORT=$port "$dir/venv/bin/python" "$dir/queues.py" 2>"$dir/arq.log"
    "$dir/go/queues" "$port"
} | tee "$dir/seen"
diff "$dir/seen" - <<'END'
BullMQ: added reload-orders reload-orders | ran 1
Bee-Queue: added reload-orders null | ran 1
arq: added reload-orders nothing | ran 1
RQ: added reload-orders reload-orders reload-orders | ran 3
asynq: added reload-orders reload-orders | ran 2
END
echo "as seen"
