#include "cli/first_partition.h"
#include "cli/preview_print.h"
#include "cli/streams.h"
#include "worker/discover/key_candidate.h"
#include "worker/discover/shown_row.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/redact.h"

/* `preview`: the first pages of a stream, shown; nothing is written and no server is needed. */
enum { PAGES_STANDARD = 3, RECORD_BYTES_MAX = 256 * 1024 };

struct shower {
    struct cli *cli;
    struct preview_page page;
    struct key_candidates keys;
    int64_t asked_mono_ms;
};

/* --- records as the rows they become --- */

static void keep_sample(struct preview_page *page, const struct row_writer *writer)
{
    AUTO_BUF(text, RECORD_BYTES_MAX);
    shown_row_put(&text, writer);
    if (!text.has_overflowed)
        page->samples[page->sample_count++] = arena_str(page->arena, buf_str(&text));
}

static void keep_reject(struct preview_page *page, const struct record *record,
                        const char *reason)
{
    page->rejects[page->reject_count++] = arena_printf(
        page->arena, "%s: %.*s", reason, STR_ARG(redact_cut(page->arena, record->raw, KIB(1))));
}

/* --- what the run reports --- */

static void on_request(void *ctx, const struct request *request)
{
    struct shower *shower = ctx;
    shower->page.method = arena_str(shower->page.arena, request->http.method);
    shower->page.url = arena_str(shower->page.arena, request->url);
    shower->asked_mono_ms = clock_mono_ms();
    if (shower->cli->options.trace)
        preview_print_request(shower->cli, shower->page.stream, request);
}

static void on_answer(void *ctx, const struct http_answer *answer, const struct err *failed)
{
    struct shower *shower = ctx;
    shower->page.took_ms = clock_mono_ms() - shower->asked_mono_ms;
    if (shower->cli->options.trace)
        preview_print_answer(shower->cli, answer, failed);
}

static void on_record(void *ctx, const struct row_writer *writer, const struct record *record,
                      enum row_result result, const char *reason)
{
    struct shower *shower = ctx;
    struct preview_page *page = &shower->page;
    if (record->position <= page->last_position) {
        page->sample_count = page->reject_count = 0;
        key_candidates_restart(&shower->keys);
    }
    page->last_position = record->position;
    key_candidates_take(&shower->keys, record);
    if ((result == ROW_PUT || result == ROW_ASIDE) && page->sample_count < SAMPLES_MAX)
        keep_sample(page, writer);
    if (result == ROW_REJECTED && page->reject_count < SAMPLES_MAX)
        keep_reject(page, record, reason);
}

static void on_page_end(void *ctx, const struct crawl_page *done)
{
    struct shower *shower = ctx;
    struct preview_page *page = &shower->page;
    preview_print_page(shower->cli, page, done);
    key_candidates_page_end(&shower->keys);
    arena_reset(page->arena);
    *page = (struct preview_page){.arena = page->arena, .stream = page->stream};
}

/* --- the command --- */

static int show(struct cli *cli, struct stream *stream)
{
    AUTO_ARENA struct arena *pages = arena_new();
    struct shower shower = {
        .cli = cli, .page = {.arena = pages, .stream = stream}, .keys = {.arena = cli->arena}};
    const struct crawl_watch watch = {.on_request = on_request,
                                      .on_answer = on_answer,
                                      .on_record = on_record,
                                      .on_page_end = on_page_end,
                                      .ctx = &shower};
    const struct preview_options options = {
        .loop = cli_loop(cli),
        .stream = stream,
        .secrets_dir = cli->settings.secrets_dir,
        .pages = cli->options.pages ? (int)cli->options.pages : PAGES_STANDARD,
        .watch = &watch,
        .on_retry = preview_print_retry,
    };
    struct preview preview;
    struct err err = ERR_INIT;
    preview_print_start(cli, stream, first_partition_take(cli, stream));
    if (!preview_run(&options, cli->arena, &preview, &err))
        return cli_fail(&err);
    preview_print_end(cli, stream, &preview,
                      stream->table.key_count ? STR_NONE : key_candidates_best(&shower.keys));
    return exit_code_of_preview(&preview);
}

static int preview_main(struct cli *cli)
{
    struct stream *stream;
    if (cli->operand_count != 1)
        return cli_usage("preview: name one stream (source.stream)");
    if (cli->options.pages > INT32_MAX)
        return cli_usage("preview: --pages is too large");
    if (!cli->options.log_level)
        log_set_level(LOG_WARN);
    if (!streams_find_one(cli, "preview", cli->operands[0], &stream))
        return EXIT_USAGE;
    return show(cli, stream);
}

static const struct opt opts[] = {
    {"pages", 0, OPT_COUNT, offsetof(struct options, pages), "N", "pages to fetch (3)"},
    {"trace", 0, OPT_FLAG, offsetof(struct options, trace), NULL,
     "requests and answers with their headers and the beginning of the body"},
    OPT_END,
};

const struct command cmd_preview = {
    .name = "preview",
    .operands = "STREAM",
    .summary = "fetch the first pages and show requests, records, columns and DDL",
    .help = "Nothing is written and no server is needed; partitions that come from SQL are "
            "asked for\n"
            "where PostgreSQL can be reached. Exits with 1 if a run would fail.",
    .opts = opts,
    .needs_settings = true,
    .run = preview_main,
};
