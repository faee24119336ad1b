#include "cli/test_print.h"

#include <string.h>

#include "base/json_out.h"
#include "base/printable.h"
#include "cli/say.h"

enum {
    LINES_BYTES_MAX = 1024 * 1024,
    JSON_BYTES_MAX = 64 << 20,
    JSON_VALUE_BYTES = 16 << 10,
    VALUE_BYTES = 200,
    URL_BYTES = 500,
    UNASKED_MAX = 10,
    MISSING_MAX = 100
};

/* --- for people --- */

/* At most so many bytes, and no part of a character. */
static struct str cut(struct str text, size_t most)
{
    struct str part = str_slice(text, 0, most);
    while (part.len < text.len && part.len &&
           ((unsigned char)text.ptr[part.len] & 0xC0) == 0x80)
        part.len--;
    return part;
}

static void put_cut(struct buf *lines, struct str text, size_t most)
{
    struct str part = cut(text, most);
    printable_put(lines, part, PRINTABLE_LINE);
    if (part.len < text.len)
        buf_puts(lines, "…");
}

static void put_shown(struct buf *lines, struct str json)
{
    put_cut(lines, json.len ? json : STR("nothing"), VALUE_BYTES);
}

static void put_place(struct buf *lines, const struct difference *difference)
{
    put_cut(lines, difference->table, VALUE_BYTES);
    switch (difference->of) {
    case DIFFERENCE_END:
        break;
    case DIFFERENCE_TABLE:
        return;
    case DIFFERENCE_COLUMN:
        buf_puts(lines, ", type of column ");
        break;
    case DIFFERENCE_COUNT:
        buf_puts(lines, ", number of ");
        break;
    case DIFFERENCE_ROW:
        buf_printf(lines, ", row %lld", (long long)difference->number);
        break;
    case DIFFERENCE_REJECTED:
        buf_printf(lines, ", rejected %lld", (long long)difference->number);
        break;
    }
    if (difference->number && difference->name.len)
        buf_puts(lines, ", ");
    put_cut(lines, difference->name, VALUE_BYTES);
}

static void put_difference(struct buf *lines, const struct difference *difference)
{
    buf_puts(lines, "\n  ");
    put_place(lines, difference);
    buf_puts(lines, ": expected ");
    put_shown(lines, difference->expected);
    buf_puts(lines, ", got ");
    put_shown(lines, difference->got);
}

static void put_request(struct buf *lines, struct str method, struct str url)
{
    put_cut(lines, method, VALUE_BYTES);
    buf_put_byte(lines, ' ');
    put_cut(lines, url, URL_BYTES);
}

static void put_missing(struct buf *lines, const struct rehearsal_missing *missing)
{
    buf_puts(lines, "\n  not recorded: ");
    put_request(lines, missing->method, missing->url);
    if (!missing->nearest)
        return;
    buf_printf(lines, "\n    the nearest, in line %d: ", missing->nearest->line);
    put_request(lines, missing->nearest->method, missing->nearest->url);
    buf_puts(lines, ": ");
    put_cut(lines, missing->why, URL_BYTES);
}

void test_put_exchanges(struct buf *lines, const struct recording *recording,
                        const struct rehearsal *rehearsal)
{
    size_t unasked = 0;
    for (size_t i = 0; i < rehearsal->missing_count; i++)
        put_missing(lines, &rehearsal->missing[i]);
    for (size_t i = 0; i < recording->count && !rehearsal->missing_count; i++) {
        if (rehearsal->is_asked[i] || unasked++ >= UNASKED_MAX)
            continue;
        buf_printf(lines,
                   "\n  not asked for any more, in line %d: ", recording->exchanges[i].line);
        put_request(lines, recording->exchanges[i].method, recording->exchanges[i].url);
    }
    if (unasked > UNASKED_MAX)
        buf_printf(lines, "\n  and %zu more that are not asked for", unasked - UNASKED_MAX);
}

static const char *result_name(enum test_result result)
{
    return result == TEST_PASSED ? "ok" : result == TEST_FAILED ? "FAILED" : "updated";
}

static void put_lines(struct buf *lines, const struct tested *tested)
{
    const struct differences *differences = tested->differences;
    int64_t pages = 0;
    (void)!value_count(value_get(tested->rehearsal->outcome, STR("pages")), &pages);
    buf_printf(lines, "%-8s%s: %.*s: %lld pages, %lld records", result_name(tested->result),
               tested->file, STR_ARG(tested->recording->stream), (long long)pages,
               (long long)tested->rehearsal->records);
    if (tested->result == TEST_FAILED && !tested->rehearsal->missing_count &&
        tested->recording->expect.kind == VALUE_UNDEFINED)
        buf_puts(lines, "\n  the file has no `expect`: --update writes it");
    for (int64_t i = 0; i < MIN(differences->count, DIFFERENCES_MAX); i++)
        put_difference(lines, &differences->items[i]);
    if (differences->count > DIFFERENCES_MAX)
        buf_printf(lines, "\n  and %lld more differences",
                   (long long)(differences->count - DIFFERENCES_MAX));
    test_put_exchanges(lines, tested->recording, tested->rehearsal);
    if (tested->result == TEST_FAILED && !tested->rehearsal->missing_count &&
        tested->rehearsal->error.len) {
        buf_puts(lines, "\n  ");
        put_cut(lines, tested->rehearsal->error, URL_BYTES);
    }
}

/* --- as JSON --- */

/* One that is too long is a string: the first bytes of its JSON. */
static void put_shown_json(struct json_out *out, const char *key, struct str json)
{
    if (json.len > JSON_VALUE_BYTES)
        json_out_str(out, key, cut(json, JSON_VALUE_BYTES));
    else if (json.len)
        json_out_raw(out, key, json);
    else
        json_out_null(out, key);
}

static void put_difference_json(struct json_out *out, const struct difference *difference)
{
    static const char *const places[] = {
        [DIFFERENCE_END] = "end",     [DIFFERENCE_TABLE] = "table",
        [DIFFERENCE_COLUMN] = "type", [DIFFERENCE_COUNT] = "count",
        [DIFFERENCE_ROW] = "row",     [DIFFERENCE_REJECTED] = "rejected"};
    json_out_open(out, NULL, '{');
    json_out_str(out, "of", str_from(places[difference->of]));
    json_out_str(out, "table", difference->table);
    json_out_int(out, "row", difference->number);
    json_out_str(out, "column", difference->name);
    put_shown_json(out, "expected", difference->expected);
    put_shown_json(out, "got", difference->got);
    json_out_close(out, '}');
}

static void put_missing_json(struct json_out *out, const struct rehearsal_missing *missing)
{
    json_out_open(out, NULL, '{');
    json_out_str(out, "method", missing->method);
    json_out_str(out, "url", cut(missing->url, JSON_VALUE_BYTES));
    if (missing->nearest) {
        json_out_int(out, "nearest_line", missing->nearest->line);
        json_out_str(out, "why", cut(missing->why, JSON_VALUE_BYTES));
    }
    json_out_close(out, '}');
}

static void put_json(struct buf *line, const struct tested *tested)
{
    const struct rehearsal *rehearsal = tested->rehearsal;
    const struct recording *recording = tested->recording;
    struct json_out out = {.buf = line};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "file", str_from(tested->file));
    json_out_str(&out, "stream", recording->stream);
    json_out_str(&out, "result", str_from(result_name(tested->result)));
    json_out_int(&out, "difference_count", tested->differences->count);
    json_out_open(&out, "differences", '[');
    for (int64_t i = 0; i < MIN(tested->differences->count, DIFFERENCES_MAX); i++)
        put_difference_json(&out, &tested->differences->items[i]);
    json_out_close(&out, ']');
    json_out_open(&out, "missing", '[');
    for (size_t i = 0; i < MIN(rehearsal->missing_count, (size_t)MISSING_MAX); i++)
        put_missing_json(&out, &rehearsal->missing[i]);
    json_out_close(&out, ']');
    json_out_open(&out, "unasked_lines", '[');
    for (size_t i = 0; i < recording->count; i++)
        if (!rehearsal->is_asked[i])
            json_out_int(&out, NULL, recording->exchanges[i].line);
    json_out_close(&out, ']');
    json_out_str(&out, "error", rehearsal->error);
    json_out_close(&out, '}');
}

void test_print(const struct cli *cli, const struct tested *tested)
{
    AUTO_BUF(text, LINES_BYTES_MAX);
    AUTO_BUF(json, JSON_BYTES_MAX);
    if (cli->options.json) {
        put_json(&json, tested);
        say_json(buf_str(&json));
        return;
    }
    put_lines(&text, tested);
    say_line(stdout, "%.*s", STR_ARG(buf_str(&text)));
}

void test_print_totals(const struct cli *cli, int passed, int failed)
{
    if (!cli->options.json)
        say_line(stdout, "%d passed, %d failed", passed, failed);
}

const char *tests_folder(const struct cli *cli)
{
    const char *dir = cli->settings.config_dir;
    return strcmp(dir, ".") ? arena_printf(cli->arena, "%s/tests", dir).ptr : "tests";
}
