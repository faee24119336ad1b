#include <assert.h>

#include "core/queue.h"
#include "port/loop.h"

/*
 * `queue REDIS_URL JOBS`: what the queue's own calls take, through the code and the scripts
 * that workers use. Prints `enqueue`, `lease` and `noop`, each with the seconds of JOBS jobs:
 *
 *     enqueue   put on the queue, WINDOW in flight
 *     lease     leased, 64 in flight, and done unmeasured
 *     noop      leased and done one after another: what a job costs that does nothing
 */
enum { WINDOW = 1000, BATCH = 64, PATIENCE_MS = 600000 };

struct bench {
    struct loop *loop;
    struct queue *queue;
    struct redis *redis;
    int64_t jobs, sent, answered;
    bool is_up, is_over;
    struct queue_lease *held; /* jobs leases */
    void (*send)(struct bench *);
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "queue: %s\n", what);
    exit(1);
}

static void on_state(void *ctx, bool is_up, const struct err *err)
{
    (void)err;
    struct bench *bench = ctx;
    bench->is_up = is_up;
}

/* Another one for each that is answered. */
static void go_on(struct bench *bench, const struct err *err)
{
    if (err)
        fail(err->text);
    bench->is_over = ++bench->answered == bench->jobs;
    if (bench->sent < bench->jobs)
        bench->send(bench);
}

static void on_done(void *ctx, const struct err *err)
{
    go_on(ctx, err);
}

static void on_verdict(void *ctx, enum queue_verdict verdict, const struct err *err)
{
    if (!err && verdict != QUEUE_OK)
        fail("a lease was lost");
    go_on(ctx, err);
}

static void on_claim(void *ctx, const struct queue_lease *lease, const struct err *err)
{
    struct bench *bench = ctx;
    if (!err && !lease->job)
        fail("a job was not on the queue");
    if (!err)
        bench->held[bench->answered] = *lease;
    go_on(bench, err);
}

static void on_claim_noop(void *ctx, const struct queue_lease *lease, const struct err *err)
{
    struct bench *bench = ctx;
    if (err || !lease->job)
        fail(err ? err->text : "a job was not on the queue");
    queue_done(bench->queue, lease->job, str_from(lease->token), on_verdict, bench);
}

static void send_push(struct bench *bench)
{
    queue_push(bench->queue, ++bench->sent, STR("shop"), 5, 0, on_done, bench);
}

static void send_claim(struct bench *bench)
{
    bench->sent++;
    queue_claim(bench->queue, STR("w"), on_claim, bench);
}

static void send_done(struct bench *bench)
{
    const struct queue_lease *lease = &bench->held[bench->sent++];
    queue_done(bench->queue, lease->job, str_from(lease->token), on_verdict, bench);
}

static void send_noop(struct bench *bench)
{
    bench->sent++;
    queue_claim(bench->queue, STR("w"), on_claim_noop, bench);
}

static double seconds_of(struct bench *bench, void (*send)(struct bench *), int64_t window)
{
    bench->send = send;
    bench->sent = bench->answered = 0;
    bench->is_over = false;
    double began_s = now_s();
    while (bench->sent < bench->jobs && bench->sent < window)
        send(bench);
    if (!loop_run_until(bench->loop, &bench->is_over, PATIENCE_MS))
        fail("Redis is too slow");
    return now_s() - began_s;
}

static void open_all(struct bench *bench, const char *url)
{
    struct err err = ERR_INIT;
    if (!loop_new(&bench->loop, &err) ||
        !redis_open(bench->loop, url, "bench", on_state, bench, &bench->redis, &err))
        fail(err.text);
    if (!loop_run_until(bench->loop, &bench->is_up, 5000))
        fail("Redis does not answer");
    struct queue_options options = {
        .redis = bench->redis, .prefix = STR("bench"), .lease_ms = 60000};
    bench->queue = queue_new(&options);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    struct bench bench = {.jobs = strtoll(argv[2], NULL, 10)};
    bench.held = calloc((size_t)bench.jobs, sizeof *bench.held);
    open_all(&bench, argv[1]);
    printf("enqueue %.6f\n", seconds_of(&bench, send_push, WINDOW));
    printf("lease %.6f\n", seconds_of(&bench, send_claim, BATCH));
    seconds_of(&bench, send_done, BATCH);
    seconds_of(&bench, send_push, WINDOW);
    printf("noop %.6f\n", seconds_of(&bench, send_noop, 1));
    queue_free(bench.queue);
    redis_close(bench.redis);
    loop_free(bench.loop);
    free(bench.held);
    return 0;
}
