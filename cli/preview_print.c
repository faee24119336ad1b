#include "cli/preview_print.h"

#include "base/json_out.h"
#include "base/printable.h"
#include "base/redact.h"
#include "base/secret_name.h"
#include "base/units.h"
#include "cli/hint.h"
#include "cli/say.h"
#include "cli/streams.h"
#include "core/value.h"

enum {
    LINE_BYTES_MAX = 1024 * 1024,
    SHOWN_RECORD_BYTES = 300,
    SHOWN_BODY_BYTES = 2000,
    BEHIND_CUT_BYTES = 8192
};

/* --- pieces --- */

static void print_line(const struct cli *cli, const struct buf *line)
{
    if (cli->options.json)
        say_json(buf_str(line));
    else
        say_line(stdout, "%.*s", STR_ARG(buf_str(line)));
    fflush(stdout);
}

/* Redacted before it is cut: a part of a secret would not be known again. What is far after
 * the cut need not be read for that. */
static struct str shorten(struct arena *arena, struct str text, size_t max)
{
    struct str all = redact_str(arena, str_slice(text, 0, max + BEHIND_CUT_BYTES));
    struct str shown = str_slice(all, 0, max);
    if (shown.len == all.len)
        return all;
    while (shown.len && ((unsigned char)all.ptr[shown.len] & 0xC0) == 0x80)
        shown.len--;
    return arena_printf(arena, "%.*s …", STR_ARG(shown));
}

/* What the API named, on one line: a line's end in it would look like a line of ours. */
static void put_piece(struct buf *line, struct str text)
{
    printable_put(line, text, PRINTABLE_LINE);
}

static void put_method_and_url(struct buf *line, struct str method, struct str url)
{
    put_piece(line, method);
    buf_put_byte(line, ' ');
    put_piece(line, url);
}

static const char *decision_name(enum pager_outcome outcome)
{
    return outcome == PAGER_MORE     ? "more"
           : outcome == PAGER_END    ? "end"
           : outcome == PAGER_FAILED ? "failed"
                                     : "truncated";
}

/* --- start --- */

static struct str first_partition(struct buf *text, const struct stream *stream)
{
    if (stream->partitions.kind == VALUE_LIST && stream->partitions.list->count)
        value_format(text, stream->partitions.list->items[0]);
    return buf_str(text);
}

void preview_print_start(struct cli *cli, const struct stream *stream, size_t partition_count)
{
    if (cli->options.json)
        return;
    AUTO_BUF(line, LINE_BYTES_MAX);
    AUTO_BUF(part, LINE_BYTES_MAX);
    struct str partition = first_partition(&part, stream);
    streams_put_tables(&line, stream);
    if (partition.len)
        buf_printf(&line, "\npartition 1 of %zu: %.*s", partition_count, STR_ARG(partition));
    print_line(cli, &line);
}

/* --- pages --- */

static void put_parts_json(struct json_out *out, const struct stream *stream,
                           const struct mark_part *parts)
{
    json_out_open(out, "tables", '{');
    for (size_t i = 0; i < stream->part_count; i++) {
        json_out_name(out, stream->parts[i].table.name);
        json_out_int(out, NULL, parts[i].records);
    }
    json_out_close(out, '}');
}

static void put_page_json(struct buf *line, const struct preview_page *page,
                          const struct crawl_page *done)
{
    struct json_out out = {.buf = line};
    json_out_open(&out, NULL, '{');
    if (done->is_count)
        json_out_bool(&out, "count", true);
    else if (done->prepare)
        json_out_str(&out, "prepare", str_from(done->prepare));
    else
        json_out_int(&out, "page", pager_pages(done->next));
    json_out_str(&out, "method", page->method);
    json_out_str(&out, "url", page->url);
    json_out_int(&out, "status", done->status);
    json_out_int(&out, "attempts", done->attempts);
    json_out_int(&out, "took_ms", page->took_ms);
    json_out_int(&out, "bytes", done->bytes);
    json_out_int(&out, "records", done->records);
    json_out_int(&out, "rejects", done->rejects);
    json_out_int(&out, "asides", done->asides);
    if (done->parts)
        put_parts_json(&out, page->stream, done->parts);
    json_out_str(&out, "next", str_from(decision_name(done->decision->outcome)));
    json_out_str(&out, "why", done->decision->why);
    if (done->decision->complete)
        json_out_str(&out, "complete", str_from(job_complete_name(done->decision->complete)));
    if (done->decision->recognised.len)
        json_out_str(&out, "recognised", done->decision->recognised);
    if (done->request) {
        json_out_str(&out, "next_method", done->request->http.method);
        json_out_str(&out, "next_url", done->request->url);
    }
    json_out_open(&out, "sample", '[');
    for (size_t i = 0; i < page->sample_count; i++)
        json_out_raw(&out, NULL, page->samples[i]);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
}

static void put_decision(struct buf *line, const struct crawl_page *done)
{
    struct str why = done->decision->why;
    if (done->decision->recognised.len) {
        buf_puts(line, "  recognised: ");
        put_piece(line, done->decision->recognised);
        buf_put_byte(line, '\n');
    }
    switch (done->decision->outcome) {
    case PAGER_MORE:
        buf_put(line, done->is_count || done->prepare ? STR("  ") : STR("  next: "));
        put_piece(line, why);
        if (done->is_count || done->prepare)
            break;
        buf_put(line, why.len ? STR(" → ") : STR_NONE);
        if (done->request)
            put_method_and_url(line, done->request->http.method, done->request->url);
        else
            buf_puts(line, "the count of `total`");
        break;
    case PAGER_END:
        buf_printf(line, "  the end, %s: ", job_complete_name(done->decision->complete));
        put_piece(line, done->decision->complete_why);
        break;
    case PAGER_TRUNCATED:
    case PAGER_FAILED:
        buf_printf(line, "  stops here, %s (%s): %.*s", decision_name(done->decision->outcome),
                   job_reason_name(done->decision->reason), STR_ARG(why));
        break;
    case PAGER_BORDER:
        break; /* a preview shares no pages */
    }
    if (done->decision->warning.len) {
        buf_puts(line, "\n  warning: ");
        put_piece(line, done->decision->warning);
    }
}

static void put_records(struct buf *line, const struct preview_page *page,
                        const struct crawl_page *done)
{
    for (size_t i = 0; i < page->sample_count; i++) {
        buf_puts(line, "    ");
        printable_put(line, shorten(page->arena, page->samples[i], SHOWN_RECORD_BYTES),
                      PRINTABLE_JSON);
        buf_put_byte(line, '\n');
    }
    for (size_t i = 0; i < page->reject_count; i++) {
        buf_puts(line, "    rejected: ");
        put_piece(line, shorten(page->arena, page->rejects[i], SHOWN_RECORD_BYTES));
        buf_put_byte(line, '\n');
    }
    int64_t more = done->records - done->rejects - (int64_t)page->sample_count;
    if (more > 0 && page->sample_count)
        buf_printf(line, "    and %lld more\n", (long long)more);
}

/* ", for other tables (order_lines 31, 2 rejected; notes 4)" */
static void put_parts(struct buf *line, const struct stream *stream,
                      const struct mark_part *parts)
{
    const char *joint = ", for other tables (";
    for (size_t i = 0; i < stream->part_count; i++) {
        buf_printf(line, "%s%.*s %lld", joint, STR_ARG(stream->parts[i].table.name),
                   (long long)parts[i].records);
        if (parts[i].rejects)
            buf_printf(line, ", %lld rejected", (long long)parts[i].rejects);
        joint = "; ";
    }
    buf_puts(line, ")");
}

static void put_page(struct buf *line, const struct preview_page *page,
                     const struct crawl_page *done)
{
    if (done->is_count)
        buf_puts(line, "\ncount: ");
    else if (done->prepare)
        buf_printf(line, "\nprepare, %s: ", done->prepare);
    else
        buf_printf(line, "\npage %d: ", pager_pages(done->next));
    put_method_and_url(line, page->method, page->url);
    buf_printf(line, "\n  status %d, ", done->status);
    units_format_size(line, done->bytes);
    buf_puts(line, " in ");
    units_format_duration(line, page->took_ms);
    if (done->attempts > 1)
        buf_printf(line, ", attempt %d", done->attempts);
    if (!done->is_count && !done->prepare)
        buf_printf(line, ", %lld records", (long long)done->records);
    if (done->seen > done->records)
        buf_printf(line, " of %lld", (long long)done->seen);
    if (done->parts)
        put_parts(line, page->stream, done->parts);
    if (done->rejects)
        buf_printf(line, ", %lld rejected", (long long)done->rejects);
    if (done->asides)
        buf_printf(line, ", %lld values aside", (long long)done->asides);
    buf_put_byte(line, '\n');
    put_records(line, page, done);
    put_decision(line, done);
}

void preview_print_page(struct cli *cli, const struct preview_page *page,
                        const struct crawl_page *done)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    if (cli->options.json)
        put_page_json(&line, page, done);
    else
        put_page(&line, page, done);
    print_line(cli, &line);
}

void preview_print_retry(void *ctx, const struct err *err, int64_t delay_ms)
{
    (void)ctx;
    AUTO_BUF(line, LINE_BYTES_MAX);
    buf_puts(&line, "pagetide: again in ");
    units_format_duration(&line, delay_ms);
    buf_printf(&line, ": %s", err->text);
    say_line(stderr, "%.*s", STR_ARG(buf_str(&line)));
}

/* --- the end --- */

static void put_columns_json(struct json_out *out, const struct preview *preview)
{
    json_out_open(out, "columns", '[');
    for (size_t i = 0; i < preview->column_count; i++) {
        const struct column *column = &preview->columns[i];
        json_out_open(out, NULL, '{');
        json_out_str(out, "column", column->name);
        json_out_str(out, "type", column->sql_type);
        json_out_str(out, "field", column->field);
        json_out_bool(out, "key", column->is_key);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

static void put_end_json(struct buf *line, const struct stream *stream,
                         const struct preview *preview, struct str key)
{
    struct json_out out = {.buf = line};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "stream", stream->name);
    json_out_str(&out, "state", str_from(preview_state_name(preview)));
    json_out_str(&out, "reason", str_from(job_reason_name(preview->reason)));
    json_out_int(&out, "pages", preview->pages);
    json_out_int(&out, "records", preview->records);
    put_columns_json(&out, preview);
    json_out_str(&out, "ddl", preview->ddl);
    json_out_str(&out, "error", preview->error);
    if (key.len)
        json_out_str(&out, "key_candidate", key);
    json_out_close(&out, '}');
}

static void put_columns(struct buf *line, const struct preview *preview)
{
    if (preview->column_count)
        buf_puts(line, "\ncolumns:\n");
    for (size_t i = 0; i < preview->column_count; i++) {
        const struct column *column = &preview->columns[i];
        buf_printf(line, "  %-24.*s %-26.*s", STR_ARG(column->name), STR_ARG(column->sql_type));
        if (column->is_key)
            buf_puts(line, " key");
        if (!str_eq(column->field, column->name)) {
            buf_puts(line, " from \"");
            put_piece(line, column->field);
            buf_puts(line, "\"");
        }
        while (line->ptr[line->len - 1] == ' ')
            buf_truncate(line, line->len - 1);
        buf_put_byte(line, '\n');
    }
    buf_printf(line, "\n%.*s", STR_ARG(preview->ddl));
}

static void put_end(struct buf *line, const struct stream *stream,
                    const struct preview *preview)
{
    const char *reason = job_reason_name(preview->reason);
    if (preview->ddl.len)
        put_columns(line, preview);
    buf_printf(line, "\n%.*s: %d pages, %lld records: ", STR_ARG(stream->name), preview->pages,
               (long long)preview->records);
    if (preview->how == PREVIEW_STOPPED)
        buf_puts(line, "stopped here, more pages follow (--pages N shows more)");
    else
        buf_printf(line, "%s%s%s%s", preview_state_name(preview), *reason ? " (" : "", reason,
                   *reason ? ")" : "");
    if (preview->how == PREVIEW_WAITS) {
        buf_puts(line, ", a run would try again in ");
        units_format_duration(line, preview->wait_ms);
    }
    if (preview->rejects && preview->rejects == preview->records)
        buf_puts(line, "\n  every record was rejected: nothing would be stored");
    if (preview->error.len)
        buf_printf(line, "\n  %.*s", STR_ARG(preview->error));
    if (preview->how == PREVIEW_ENDED && *reason) {
        buf_puts(line, "\n  try: ");
        hint_put_for_preview(line, &(struct hint_of){str_from(reason), preview->error});
    }
}

static void print_key(const struct cli *cli, struct str key)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    buf_puts(&line, "\nkey candidate: ");
    put_piece(&line, key);
    buf_puts(&line, ", unlike in all records that were seen: with write: upsert and key: ");
    put_piece(&line, key);
    buf_puts(&line, " each record is stored once, however often it is read");
    print_line(cli, &line);
}

void preview_print_end(struct cli *cli, const struct stream *stream,
                       const struct preview *preview, struct str key)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    if (cli->options.json)
        put_end_json(&line, stream, preview, key);
    else
        put_end(&line, stream, preview);
    print_line(cli, &line);
    if (!cli->options.json && key.len)
        print_key(cli, key);
}

/* --- the option --trace --- */

static bool is_hidden(const struct stream *stream, struct str name)
{
    return secret_name_is(name) || (stream && stream->auth.type == AUTH_API_KEY &&
                                    str_eq_nocase(name, stream->auth.name));
}

static void put_headers(struct buf *line, const struct http_header *headers, size_t count,
                        const struct stream *stream, const char *mark)
{
    for (size_t i = 0; i < count; i++) {
        buf_printf(line, "%s ", mark);
        put_piece(line, headers[i].name);
        buf_puts(line, ": ");
        put_piece(line,
                  is_hidden(stream, headers[i].name) ? STR("<hidden>") : headers[i].value);
        buf_put_byte(line, '\n');
    }
}

static void put_headers_json(struct json_out *out, const struct http_header *headers,
                             size_t count, const struct stream *stream)
{
    json_out_open(out, "headers", '[');
    for (size_t i = 0; i < count; i++) {
        json_out_open(out, NULL, '[');
        json_out_str(out, NULL, headers[i].name);
        json_out_str(out, NULL,
                     is_hidden(stream, headers[i].name) ? STR("<hidden>") : headers[i].value);
        json_out_close(out, ']');
    }
    json_out_close(out, ']');
}

static void put_body_json(struct json_out *out, struct str body)
{
    AUTO_ARENA struct arena *arena = arena_new();
    json_out_str(out, "body", shorten(arena, body, SHOWN_BODY_BYTES));
}

static void put_body(struct buf *line, struct str body)
{
    AUTO_ARENA struct arena *arena = arena_new();
    buf_put(line, shorten(arena, body, SHOWN_BODY_BYTES));
    if (body.len)
        buf_put_byte(line, '\n');
}

static void put_request_json(struct buf *line, const struct stream *stream,
                             const struct request *request)
{
    const struct http_request *http = &request->http;
    struct json_out out = {.buf = line};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "trace", STR("request"));
    json_out_str(&out, "method", http->method);
    json_out_str(&out, "url", request->url);
    put_headers_json(&out, http->headers, http->header_count, stream);
    put_body_json(&out, http->body);
    json_out_close(&out, '}');
}

void preview_print_request(struct cli *cli, const struct stream *stream,
                           const struct request *request)
{
    const struct http_request *http = &request->http;
    AUTO_BUF(line, LINE_BYTES_MAX);
    if (cli->options.json) {
        put_request_json(&line, stream, request);
    } else {
        buf_puts(&line, "\n> ");
        put_method_and_url(&line, http->method, request->url);
        buf_put_byte(&line, '\n');
        put_headers(&line, http->headers, http->header_count, stream, ">");
        put_body(&line, http->body);
    }
    print_line(cli, &line);
}

static void put_answer_json(struct buf *line, const struct http_answer *answer,
                            const struct err *failed)
{
    struct json_out out = {.buf = line};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "trace", STR("answer"));
    if (failed) {
        json_out_str(&out, "error", str_from(failed->text));
    } else {
        json_out_int(&out, "status", answer->status);
        put_headers_json(&out, answer->headers, answer->header_count, NULL);
        put_body_json(&out, answer->body);
    }
    json_out_close(&out, '}');
}

void preview_print_answer(struct cli *cli, const struct http_answer *answer,
                          const struct err *failed)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    if (cli->options.json) {
        put_answer_json(&line, answer, failed);
    } else if (failed) {
        buf_printf(&line, "< no answer: %s", failed->text);
    } else {
        buf_printf(&line, "< %d\n", answer->status);
        put_headers(&line, answer->headers, answer->header_count, NULL, "<");
        put_body(&line, answer->body);
    }
    print_line(cli, &line);
}
