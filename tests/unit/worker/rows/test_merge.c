#include "worker/rows/cut.h"

#include <endian.h>

#include "config/source.h"
#include "tests/support/cut_fixture.h"
#include "tests/support/definition_cases.h"
#include "tests/support/suite.h"
#include "worker/records/jsontext.h"

#define TABLE "tests/tables/merge.txt"

static struct err err;

static bool find_name(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    const struct cut_fixture *fixture = ctx;
    const struct stream *stream = fixture->cut.stream;
    struct err ignored = ERR_INIT;
    if (str_is(name, "partition"))
        return value_parse(arena, STR("{\"name\":\"p1\"}"), VALUE_WHOLE, ret, &ignored);
    for (size_t i = 0; i < stream->var_count; i++)
        if (str_eq(stream->vars[i].name, name))
            return template_fill(&stream->vars[i].template, &fixture->scope, true, arena, ret,
                                 &ignored);
    return false;
}

static struct stream *read_stream(struct arena *arena, struct str text)
{
    AUTO_BUF(errors, KIB(64));
    struct source *source = NULL;
    struct str whole = arena_printf(
        arena, "%.*s\n    columns: none\n    partitions: [{name: p1}]\n", STR_ARG(text));
    bool ok = source_parse(arena, STR("shop.yaml"), whole, &source, &errors, &err);
    ck_assert_msg(ok, "%.*s\n%s", STR_ARG(whole), errors.len ? errors.ptr : err.text);
    return source->streams[0];
}

/* `columns: none`: each row is the record as jsonb. */
static void open_fixture(struct cut_fixture *fixture, struct str text)
{
    cut_fixture_open(fixture);
    err = (struct err)ERR_INIT;
    fixture->cut.stream = read_stream(fixture->arena, text);
    fixture->scope = (struct expr_scope){.find = find_name, .ctx = fixture};
    cut_fixture_add_column(fixture, STR("record"), COLUMN_JSONB);
}

/* The tuple: a count of fields, then the length, jsonb's version and text of the first. */
static void show_row(struct buf *out, struct str row)
{
    uint32_t len;
    memcpy(&len, row.ptr + 2, sizeof len);
    len = be32toh(len);
    buf_puts(out, "> ");
    buf_put(out, len == UINT32_MAX ? STR("null") : str_slice(row, 7, 6 + len));
    buf_puts(out, "\n");
}

static void show_page(struct cut_fixture *fixture, struct str body, bool wants_count,
                      struct buf *out)
{
    batch_reset(fixture->batch);
    fixture->cut.body = body;
    if (cut_page(&fixture->cut, fixture->batch, &err) != CUT_DONE) {
        ck_assert_uint_eq(fixture->batch->row_count, 0);
        struct str first;
        str_split(str_from(err.text), '\n', &first);
        buf_printf(out, "! %.*s\n", STR_ARG(first));
        return;
    }
    for (size_t i = 0; i < fixture->batch->row_count; i++)
        show_row(out, batch_row(fixture->batch, i));
    for (size_t i = 0; i < fixture->batch->reject_count; i++)
        buf_printf(out, "x %.*s\n", STR_ARG(fixture->batch->rejects[i].reason));
    if (wants_count)
        buf_printf(out, "n %lld\n", (long long)fixture->cut.seen);
}

/* A line that is wanted is a part of what came only where it is a message. */
static bool agrees(struct str wanted, struct str came)
{
    bool is_message = str_starts(wanted, STR("!")) || str_starts(wanted, STR("x"));
    return is_message ? str_starts(came, str_slice(wanted, 0, 2)) &&
                            str_find(came, str_slice(wanted, 2, wanted.len)) >= 0
                      : str_eq(wanted, came);
}

static void check_page(struct cut_fixture *fixture, const struct definition_case *test,
                       size_t *line, struct buf *failures)
{
    AUTO_BUF(out, MIB(1));
    struct str body = str_slice(test->lines[*line], 2, test->lines[*line].len);
    size_t end = *line + 1;
    bool wants_count = false, is_right = true;
    for (; end < test->line_count && !str_starts(test->lines[end], STR("<")); end++)
        wants_count |= str_starts(test->lines[end], STR("n"));
    show_page(fixture, body, wants_count, &out);
    struct str rest = buf_str(&out);
    for (size_t i = *line + 1; i < end; i++) {
        struct str came;
        rest = str_split(rest, '\n', &came);
        is_right &= agrees(test->lines[i], came);
    }
    if (!is_right || rest.len)
        buf_printf(failures, "\n%.*s: %.*s\n%.*s", STR_ARG(test->name), STR_ARG(body),
                   STR_ARG(buf_str(&out)));
    *line = end;
}

START_TEST(merges_as_the_table_says)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(failures, MIB(1));
    struct definition_cases all = definition_cases_read(arena, TABLE, "pages");
    for (size_t i = 0; i < all.count; i++) {
        struct cut_fixture fixture;
        open_fixture(&fixture, all.cases[i].text);
        for (size_t line = 0; line < all.cases[i].line_count;)
            check_page(&fixture, &all.cases[i], &line, &failures);
        cut_fixture_close(&fixture);
    }
    ck_assert_msg(failures.len == 0, "%s", failures.ptr);
}
END_TEST

SUITE_OF_TABLES(TABLE, "worker/merge", merges_as_the_table_says)
