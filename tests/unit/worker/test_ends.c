#define SUITE_TIMEOUT 120
#include "base/mem.h"
#include "config/source.h"
#include "tests/support/random_run.h"
#include "tests/support/suite.h"
#include "worker/discover/preview.h"

/*
 * The promises of random_run.h, for many random APIs and definitions. The steps, guards and
 * decisions are the worker's own; only port/http is another one: it answers from the API's
 * seed, without a socket. There is no table either: `rows` below does what
 * pagetide.commit_batch does with keys. tests/flow/test_ends.c runs some seeds with all that is
 * replaced here.
 */
enum { SEEDS = 2000, ROWS_MAX = 1 << 14 };

/* --- port/http, without a network --- */

struct http {
    struct loop *loop;
};

struct http_call {
    http_done_fn fn;
    void *ctx;
    bool is_cancelled;
    struct arena *arena;
    struct random_answer answer;
};

static const struct random_api *served;
static struct random_run run;
static struct random_signs answered; /* of the newest answer */
static int answered_seen;

bool http_new(struct loop *loop, struct http **ret_http, struct err *err)
{
    (void)err;
    *ret_http = mem_alloc(sizeof **ret_http);
    (*ret_http)->loop = loop;
    return true;
}

void http_free(struct http *http)
{
    mem_free(http);
}

/* Lines as random_api makes them. */
static size_t read_headers(struct str lines, struct http_header *ret_headers)
{
    size_t count = 0;
    for (struct str line, name; lines.len; count++) {
        lines = str_split(lines, '\n', &line);
        struct str value = str_trim(str_split(line, ':', &name));
        ret_headers[count] = (struct http_header){name, value};
    }
    return count;
}

static void on_answer_ready(void *ctx)
{
    struct http_call *call = ctx;
    struct http_header headers[4];
    struct buf body;
    buf_init(&body, MIB(1));
    buf_put(&body, call->answer.body);
    const struct http_answer answer = {.status = call->answer.status,
                                       .headers = headers,
                                       .header_count =
                                           read_headers(call->answer.headers, headers),
                                       .body = buf_str(&body),
                                       .wire_bytes = (int64_t)body.len,
                                       .storage = &body};
    answered = call->answer.signs;
    answered_seen = call->answer.seen;
    if (!call->is_cancelled)
        call->fn(call->ctx, &answer, NULL);
    buf_done(&body);
    arena_free(call->arena);
    mem_free(call);
}

struct http_call *http_send(struct http *http, const struct http_request *request,
                            http_done_fn fn, void *ctx)
{
    struct http_call *call = mem_alloc(sizeof *call);
    struct str before, query = str_split(request->url, '?', &before);
    struct str rest = str_ends(before, STR("/count")) ? STR("/count") : STR_NONE;
    *call = (struct http_call){.fn = fn, .ctx = ctx, .arena = arena_new()};
    call->answer = random_answer_make(served, call->arena, rest, query, ++run.requests);
    if (str_is(request->method, "HEAD"))
        call->answer.body = STR_NONE;
    loop_defer(http->loop, on_answer_ready, call);
    return call;
}

void http_cancel(struct http_call *call)
{
    call->is_cancelled = true;
}

size_t http_bytes(const struct http *http)
{
    (void)http;
    return 0;
}

/* --- the table --- */

/* Keys of the page that is being cut; they count when the page does. 0: of no record. */
static int page_keys[ROWS_MAX], page_count;
static bool is_keyed;
static int folded; /* records that met a row of this run */

/* An error may be taken for a record. */
static int key_of(const struct record *record)
{
    struct str start = STR("{\"id\": "), digits;
    int64_t key;
    if (!str_starts(record->raw, start))
        return 0;
    str_split(str_slice(record->raw, start.len, record->raw.len), ',', &digits);
    ck_assert(str_to_int64(digits, &key) && key > 0 && key <= RANDOM_RECORDS_MAX);
    return (int)key;
}

static void on_record(void *ctx, const struct row_writer *writer, const struct record *record,
                      enum row_result result, const char *reason)
{
    (void)ctx, (void)writer, (void)reason;
    if (record->position == 0)
        page_count = 0;
    if (result == ROW_PUT && page_count < ROWS_MAX)
        page_keys[page_count++] = key_of(record);
}

static void put_rows(void)
{
    for (int i = 0; i < page_count; i++) {
        bool is_there = is_keyed && run.has[page_keys[i]];
        run.has[page_keys[i]] = true;
        run.rows += !is_there;
        folded += is_there;
    }
    page_count = 0;
}

static void on_page_end(void *ctx, const struct crawl_page *page)
{
    (void)ctx;
    run.complete = page->decision->complete;
    if (page->is_count) {
        run.last.total = answered.total;
        return;
    }
    put_rows();
    run.pages++;
    run.read += page->seen;
    run.last = answered;
    run.last_seen = answered_seen;
}

static void ignore_request(void *ctx, const struct request *request)
{
    (void)ctx, (void)request;
}

static void ignore_answer(void *ctx, const struct http_answer *answer, const struct err *failed)
{
    (void)ctx, (void)answer, (void)failed;
}

/* --- one seed --- */

static struct stream *read_stream(struct arena *arena, uint64_t seed, struct str keys)
{
    AUTO_BUF(errors, KIB(64));
    struct err err = ERR_INIT;
    struct source *source = NULL;
    struct str text =
        arena_printf(arena,
                     "source: shop\nbase_url: https://h.example\nretry: {max_attempts: 1}\n"
                     "streams:\n  s: {path: /random/%llu, %.*s}\n",
                     (unsigned long long)seed, STR_ARG(keys));
    bool is_read = source_parse(arena, STR("shop.yaml"), text, &source, &errors, &err);
    ck_assert_msg(is_read, "%.*s\n%s", STR_ARG(text), errors.len ? errors.ptr : err.text);
    return source->streams[0];
}

static void read_api(struct loop *loop, const struct random_definition *definition,
                     struct arena *arena)
{
    static const struct crawl_watch watch = {.on_request = ignore_request,
                                             .on_answer = ignore_answer,
                                             .on_record = on_record,
                                             .on_page_end = on_page_end};
    const struct preview_options options = {
        .loop = loop,
        .stream = read_stream(arena, served->seed, definition->keys),
        .pages = random_run_bound(served, definition) + 1,
        .watch = &watch};
    struct preview preview;
    struct err err = ERR_INIT;
    run = (struct random_run){.complete = COMPLETE_UNKNOWN};
    page_count = folded = 0;
    is_keyed = definition->has_key;
    ck_assert_ok(preview_run(&options, arena, &preview, &err), err);
    run.state = preview.state;
    if (folded && run.complete == COMPLETE_PROVED)
        run.complete = COMPLETE_CONTRADICTED;
}

static int counts[COMPLETE_CONTRADICTED + 1];

static bool is_one_seed; /* it is shown, whatever it does */

static bool try_seed(struct loop *loop, uint64_t seed)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct random_api api;
    struct random_definition definition;
    random_api_make(&api, seed);
    random_definition_make(&definition, &api, arena);
    served = &api;
    read_api(loop, &definition, arena);
    counts[run.complete]++;
    const char *fault = random_run_fault(&api, &definition, &run);
    if (fault || is_one_seed)
        fprintf(stderr, "seed %llu: %s\n%.*s", (unsigned long long)seed,
                fault ? fault : "as promised",
                STR_ARG(random_run_describe(&api, &definition, &run, arena)));
    return !fault;
}

START_TEST(no_end_is_proved_that_is_none)
{
    struct loop *loop;
    struct err err = ERR_INIT;
    int bad = 0;
    ck_assert_ok(loop_new(&loop, &err), err);
    const struct random_seeds seeds = random_run_seeds(1, SEEDS);
    is_one_seed = seeds.first == seeds.last;
    for (uint64_t seed = seeds.first; seed <= seeds.last; seed++)
        bad += !try_seed(loop, seed);
    loop_free(loop);
    fprintf(stderr, "proved %d, told %d, assumed %d, contradicted %d, failed %d\n",
            counts[COMPLETE_PROVED], counts[COMPLETE_TOLD], counts[COMPLETE_ASSUMED],
            counts[COMPLETE_CONTRADICTED], counts[COMPLETE_UNKNOWN]);
    ck_assert_msg(bad == 0, "%d seeds break a promise: see above", bad);
}
END_TEST

/* Each page is the first one again, with another `seen`, and nothing says that it ends. */
static void read_in_circles(const char *keys)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct random_definition definition = {.keys = str_from(keys)};
    struct random_api api = {
        .count = 20,
        .size = 5,
        .size_max = 5,
        .faults = {[RANDOM_IGNORES_PLACE] = true, [RANDOM_VOLATILE] = true},
        .container = "",
        .place_param = "page",
        .size_param = "size"};
    struct loop *loop;
    struct err err = ERR_INIT;
    ck_assert_ok(loop_new(&loop, &err), err);
    served = &api;
    read_api(loop, &definition, arena);
    loop_free(loop);
}

START_TEST(a_hundred_pages_of_the_same_ids_go_in_circles_without_a_key)
{
    read_in_circles("merge_path: data, pagination: {type: page}");
    ck_assert_int_eq(run.state, JOB_FAILED);
    ck_assert_int_eq(run.requests, 101);
    ck_assert_int_eq(run.pages, 100);
}
END_TEST

START_TEST(repeats_that_are_allowed_go_on)
{
    read_in_circles("merge_path: data, pagination: {type: page, allow_repeats: true, "
                    "max_iterations: 150}");
    ck_assert_int_eq(run.state, JOB_TRUNCATED);
    ck_assert_int_eq(run.pages, 150);
}
END_TEST

SUITE("worker/ends", no_end_is_proved_that_is_none,
      a_hundred_pages_of_the_same_ids_go_in_circles_without_a_key,
      repeats_that_are_allowed_go_on)
