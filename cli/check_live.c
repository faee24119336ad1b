#include "cli/check_live.h"

#include "base/json_out.h"
#include "base/log.h"
#include "base/redact.h"
#include "cli/first_partition.h"
#include "cli/say.h"
#include "port/redis.h"
#include "port/redis_url.h"
#include "worker/discover/preview.h"
#include "worker/places/places.h"

enum { CONNECT_MS = 10000, LINE_BYTES_MAX = 65536, RETRIES_MAX = 1 };

/* --- reports --- */

/* `place` is where a file says it, "shop.yaml:7:5"; empty: no file does. */
static void report_at(const struct cli *cli, struct str place, const char *what,
                      const char *state, struct str text)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    struct json_out out = {.buf = &line};
    if (cli->options.json) {
        json_out_open(&out, NULL, '{');
        json_out_str(&out, "check", str_from(what));
        json_out_str(&out, "state", str_from(state));
        if (place.len)
            json_out_str(&out, "place", place);
        json_out_str(&out, "text", text);
        json_out_close(&out, '}');
        say_json(buf_str(&line));
    } else if (place.len) {
        say_line(stdout, "%.*s: %s: %s, %.*s", STR_ARG(place), what, state, STR_ARG(text));
    } else {
        say_line(stdout, "%s: %s%s%.*s", what, state, text.len ? ", " : "", STR_ARG(text));
    }
    fflush(stdout);
}

static void report(const struct cli *cli, const char *what, const char *state, struct str text)
{
    report_at(cli, STR_NONE, what, state, text);
}

/* --- servers --- */

static int check_database(struct cli *cli)
{
    struct pg *pg;
    int code = EXIT_DONE;
    if (!cli_database(cli, false, &pg, &code)) {
        report(cli, "PostgreSQL", "failed", STR("see above"));
        return code;
    }
    pg_close(pg);
    report(cli, "PostgreSQL", "up", STR("the control schema is of this version"));
    return EXIT_DONE;
}

struct redis_state {
    bool is_up;
    struct err err;
};

static void on_redis(void *ctx, bool up, const struct err *err)
{
    struct redis_state *state = ctx;
    state->is_up = up;
    if (err)
        state->err = *err;
}

static int check_redis(struct cli *cli)
{
    struct redis *redis = NULL;
    struct redis_state state = {.err = ERR_INIT};
    if (redis_open(cli_loop(cli), cli->settings.redis_url, "pagetide check", on_redis, &state,
                   &redis, &state.err))
        loop_run_until(cli_loop(cli), &state.is_up, CONNECT_MS);
    bool is_up = state.is_up;
    if (is_up)
        report(cli, "Redis", "up", STR_NONE);
    else
        report(cli, "Redis", "failed",
               arena_printf(cli->arena, "%s cannot be reached: %s",
                            redis_url_shown(cli->arena, cli->settings.redis_url),
                            state.err.text));
    redis_close(redis);
    return is_up ? EXIT_DONE : EXIT_UNREACHABLE;
}

/* --- a stream's first page --- */

struct page_watch {
    struct cli *cli;
    const char *name;
    struct stream *stream;
    struct definition_places *where;
    struct places places;
    struct str counted, doubts; /* what `total` counts, and what the pager did not find */
    int64_t seen, kept;
    bool has_answered; /* the last request was, by whatever status */
};

static void on_request(void *ctx, const struct request *request)
{
    struct page_watch *watch = ctx;
    (void)request;
    watch->has_answered = false;
}

static void on_answer(void *ctx, const struct http_answer *answer, const struct err *failed)
{
    struct page_watch *watch = ctx;
    watch->has_answered = answer && !failed;
    if (watch->has_answered)
        places_answer(&watch->places, answer);
}

static void on_record(void *ctx, const struct row_writer *writer, const struct record *record,
                      enum row_result result, const char *reason)
{
    places_record(&((struct page_watch *)ctx)->places, writer, record, result, reason);
}

static void on_page_end(void *ctx, const struct crawl_page *page)
{
    struct page_watch *watch = ctx;
    struct arena *arena = watch->cli->arena;
    const struct pager_decision *decision = page->decision;
    struct str words = decision->warning.len ? decision->warning : decision->why;
    if (page->is_count)
        watch->counted = arena_printf(arena, "; %.*s", STR_ARG(words));
    else if (decision->warning.len)
        watch->doubts = arena_str(arena, decision->warning);
    if (page->is_count || page->prepare)
        return;
    watch->seen += page->seen;
    watch->kept += page->records;
}

static void warn(const struct page_watch *watch, struct str key, struct str text)
{
    struct arena *arena = watch->cli->arena;
    struct str place = definition_place(watch->where, watch->stream, key);
    report_at(watch->cli, place, watch->name, "warns", redact_str(arena, text));
}

/* "indexes.0.columns.1" as people call it: indexes.columns. */
static struct str without_numbers(struct arena *arena, struct str key)
{
    AUTO_BUF(shown, KIB(4));
    while (key.len) {
        struct str part;
        int64_t number;
        key = str_split(key, '.', &part);
        if (!str_to_int64(part, &number))
            buf_printf(&shown, "%s%.*s", shown.len ? "." : "", STR_ARG(part));
    }
    return arena_str(arena, buf_str(&shown));
}

static void on_absent(void *ctx, struct str key, struct str text)
{
    const struct page_watch *watch = ctx;
    struct arena *arena = watch->cli->arena;
    warn(
        watch, key,
        arena_printf(arena, "%.*s: %.*s", STR_ARG(without_numbers(arena, key)), STR_ARG(text)));
}

/* Of "next_path: x is not there; rel: …" the next one's beginning, after its "; ". */
static size_t next_doubt(struct str doubts, struct str *ret_key)
{
    static const char *const keys[] = {"next_path",     "cursor_path", "total_path",
                                       "has_more_path", "rel",         "total_pages_path"};
    size_t first = doubts.len;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        char start[32];
        snprintf(start, sizeof start, "; %s: ", keys[i]);
        ptrdiff_t at = str_find(doubts, str_from(start));
        if (at >= 0 && (size_t)at < first) {
            first = (size_t)at;
            *ret_key = str_from(keys[i]);
        }
    }
    return first;
}

/* What the pager did not find is named by its keys: each has its place. */
static void warn_of_doubts(const struct page_watch *watch)
{
    struct arena *arena = watch->cli->arena;
    struct str rest = arena_printf(arena, "; %.*s", STR_ARG(watch->doubts)), key = STR_NONE;
    size_t begin = watch->doubts.len ? next_doubt(rest, &key) : rest.len;
    if (watch->doubts.len && begin > 0)
        warn(watch, STR("pagination"), str_slice(rest, 2, begin));
    while (begin < rest.len) {
        struct str next = STR_NONE;
        rest = str_slice(rest, begin + 2, rest.len);
        size_t end = next_doubt(rest, &next);
        warn(watch, arena_printf(arena, "pagination.%.*s", STR_ARG(key)),
             str_slice(rest, 0, end));
        begin = end;
        key = next;
    }
}

/* False: nothing of a table would be stored. */
static bool warn_of_rejects(const struct page_watch *watch)
{
    struct arena *arena = watch->cli->arena;
    bool is_good = true;
    for (size_t i = 0; i < watch->places.table_count; i++) {
        const struct place_records *table = &watch->places.tables[i];
        if (!table->rejected)
            continue;
        is_good &= table->rejected < table->seen;
        report(watch->cli, watch->name, "warns",
               arena_printf(arena, "%.*s%s%zu of %zu records would be rejected: %.*s",
                            STR_ARG(str_slice(table->prefix, 0, MAX(table->prefix.len, 1) - 1)),
                            table->prefix.len ? ": " : "", table->rejected, table->seen,
                            STR_ARG(redact_str(arena, table->why))));
    }
    return is_good;
}

/* What stands in the records, or not; false: nothing of a table would be stored. */
static bool warn_of_page(struct page_watch *watch, const struct preview *preview)
{
    struct arena *arena = watch->cli->arena;
    bool is_good = warn_of_rejects(watch);
    warn_of_doubts(watch);
    places_absent(&watch->places, preview->how != PREVIEW_STOPPED, on_absent, watch);
    if (watch->seen && !watch->kept && watch->stream->merge.where)
        warn(watch, STR("where"),
             arena_printf(arena, "where: none of the %lld records is kept",
                          (long long)watch->seen));
    return is_good;
}

static int report_failed(const struct page_watch *watch, const struct preview *preview)
{
    if (preview->how == PREVIEW_WAITS && !watch->has_answered) {
        report(watch->cli, watch->name, "away", preview->error);
        return EXIT_UNREACHABLE;
    }
    report(watch->cli, watch->name, "failed", preview->error);
    return EXIT_RUN_FAILED;
}

static int check_page(struct page_watch *page)
{
    struct cli *cli = page->cli;
    const struct crawl_watch watch = {.on_request = on_request,
                                      .on_answer = on_answer,
                                      .on_record = on_record,
                                      .on_part_record = on_record,
                                      .on_page_end = on_page_end,
                                      .ctx = page};
    const struct preview_options options = {.loop = cli_loop(cli),
                                            .stream = page->stream,
                                            .secrets_dir = cli->settings.secrets_dir,
                                            .pages = 1,
                                            .retries_max = RETRIES_MAX,
                                            .watch = &watch};
    struct preview preview;
    struct err err = ERR_INIT;
    first_partition_take(cli, page->stream);
    places_start(&page->places, cli->arena, page->stream);
    if (!preview_run(&options, cli->arena, &preview, &err))
        return cli_fail(&err);
    if (preview.pages == 0)
        return report_failed(page, &preview);
    bool is_good = warn_of_page(page, &preview);
    report(cli, page->name, "answers",
           arena_printf(cli->arena, "%lld records on the first page%s%.*s",
                        (long long)preview.records,
                        preview.how == PREVIEW_STOPPED ? ", more follow" : ", the only one",
                        STR_ARG(page->counted)));
    return is_good ? EXIT_DONE : EXIT_RUN_FAILED;
}

/* --- all of them --- */

int check_live(struct definition_places *where, struct stream *const *streams, size_t count)
{
    struct cli *cli = where->cli;
    int code = exit_code_worst(check_database(cli), check_redis(cli));
    if (!cli->options.log_level)
        log_set_level(LOG_WARN);
    for (size_t i = 0; i < count; i++) {
        struct page_watch page = {.cli = cli,
                                  .name = arena_cstr(cli->arena, streams[i]->name),
                                  .stream = streams[i],
                                  .where = where};
        code = exit_code_worst(code, check_page(&page));
    }
    return code;
}
