#include <assert.h>

#include "core/queue.h"
#include "port/loop.h"

/*
 * `queue REDIS_URL JOBS`: what the queue's own calls take, through the code and the scripts
 * that workers use. Prints `enqueue`, `lease` and `noop`, each with the seconds of JOBS jobs:
 *
 *     enqueue   put on the queue, 1,000 a call, PIPELINE calls under way
 *     lease     leased, 64 a turn as a worker with so many free places does; done unmeasured
 *     noop      leased and done one after another, each end with the next lease in one turn:
 *               what a job costs that does nothing
 */
enum { PIPELINE = 4, BATCH = 64, PATIENCE_MS = 600000 };

struct bench {
    struct loop *loop;
    struct queue *queue;
    struct redis *redis;
    int64_t jobs, sent, answered;
    bool is_up, is_over;
    struct queue_report *held; /* jobs reports, that they are done */
    char (*tokens)[RNG_TOKEN_BYTES];
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

static void send_push(struct bench *bench);

static void on_pushed(void *ctx, size_t count, const struct err *err)
{
    struct bench *bench = ctx;
    if (err)
        fail(err->text);
    bench->answered += (int64_t)count;
    bench->is_over = bench->answered == bench->jobs;
    if (bench->sent < bench->jobs)
        send_push(bench);
}

static void send_push(struct bench *bench)
{
    struct queue_entry entries[QUEUE_PUSH_MAX];
    size_t count = 0;
    while (count < QUEUE_PUSH_MAX && bench->sent < bench->jobs)
        entries[count++] =
            (struct queue_entry){.job = ++bench->sent, .source = STR("shop"), .priority = 5};
    if (count)
        queue_push(bench->queue, entries, count, on_pushed, bench);
}

static void push_all(struct bench *bench)
{
    for (int i = 0; i < PIPELINE; i++)
        send_push(bench);
}

/* Keeps what was leased: each job's end is to be said with its token. */
static void keep(struct bench *bench, const struct queue_answer *answer)
{
    for (size_t i = 0; i < answer->job_count; i++) {
        char *token = bench->tokens[bench->answered];
        memcpy(token, answer->token, RNG_TOKEN_BYTES);
        bench->held[bench->answered++] = (struct queue_report){
            .word = QUEUE_DONE, .job = answer->jobs[i], .token = str_from(token)};
    }
}

static void lease_all(struct bench *bench);

static void on_leased(void *ctx, const struct queue_answer *answer, const struct err *err)
{
    struct bench *bench = ctx;
    if (err || !answer->job_count)
        fail(err ? err->text : "a job was not on the queue");
    keep(bench, answer);
    bench->is_over = bench->answered == bench->jobs;
    if (!bench->is_over)
        lease_all(bench);
}

static void lease_all(struct bench *bench)
{
    struct queue_turn turn = {.worker = STR("w"), .wanted = BATCH};
    queue_turn(bench->queue, &turn, on_leased, bench);
}

static void end_all(struct bench *bench);

static void on_ended(void *ctx, const struct queue_answer *answer, const struct err *err)
{
    struct bench *bench = ctx;
    if (err || answer->verdicts[0] != QUEUE_OK)
        fail(err ? err->text : "a lease was lost");
    bench->answered = bench->sent;
    bench->is_over = bench->answered == bench->jobs;
    if (!bench->is_over)
        end_all(bench);
}

static void end_all(struct bench *bench)
{
    size_t count = MIN(BATCH, (size_t)(bench->jobs - bench->sent));
    struct queue_turn turn = {
        .worker = STR("w"), .reports = bench->held + bench->sent, .report_count = count};
    bench->sent += (int64_t)count;
    queue_turn(bench->queue, &turn, on_ended, bench);
}

static void on_noop(void *ctx, const struct queue_answer *answer, const struct err *err)
{
    struct bench *bench = ctx;
    if (err)
        fail(err->text);
    keep(bench, answer);
    bool is_last = bench->answered == bench->jobs;
    bench->is_over = is_last && !answer->job_count;
    if (bench->is_over)
        return;
    struct queue_turn turn = {.worker = STR("w"),
                              .reports = &bench->held[bench->answered - 1],
                              .report_count = 1,
                              .wanted = !is_last};
    queue_turn(bench->queue, &turn, on_noop, bench);
}

static void noop_all(struct bench *bench)
{
    struct queue_turn turn = {.worker = STR("w"), .wanted = 1};
    queue_turn(bench->queue, &turn, on_noop, bench);
}

static double seconds_of(struct bench *bench, void (*begin)(struct bench *))
{
    bench->sent = bench->answered = 0;
    bench->is_over = false;
    double began_s = now_s();
    begin(bench);
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
    bench.tokens = calloc((size_t)bench.jobs, sizeof *bench.tokens);
    open_all(&bench, argv[1]);
    printf("enqueue %.6f\n", seconds_of(&bench, push_all));
    printf("lease %.6f\n", seconds_of(&bench, lease_all));
    seconds_of(&bench, end_all);
    seconds_of(&bench, push_all);
    printf("noop %.6f\n", seconds_of(&bench, noop_all));
    queue_free(bench.queue);
    redis_close(bench.redis);
    loop_free(bench.loop);
    free(bench.held);
    free(bench.tokens);
    return 0;
}
