#include "base/structured.h"

#include "base/arena.h"
#include "base/buf.h"
#include "tests/support/lines.h"
#include "tests/support/suite.h"

static void put_value(struct buf *buf, const struct structured_item *item)
{
    static const char *const kinds[] = {"integer", "decimal", "string",  "token", "bytes",
                                        "boolean", "date",    "display", "inner"};
    if (item->key.len)
        buf_printf(buf, "%.*s=", STR_ARG(item->key));
    if (item->kind == STRUCTURED_BOOLEAN)
        buf_printf(buf, "boolean:%d", (int)item->number);
    else
        buf_printf(buf, "%s:%.*s", kinds[item->kind], STR_ARG(item->text));
}

/* The names that the table uses. */
static void put_params(struct buf *buf, const struct structured_item *item)
{
    static const char *const names[] = {"a", "b", "c", "d", "x", "y"};
    struct structured_item param;
    const char *before = "[";
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!structured_param(item, names[i], &param))
            continue;
        buf_put(buf, str_from(before));
        put_value(buf, &param);
        before = " ";
    }
    if (*before == ' ')
        buf_puts(buf, "]");
}

static void put_members(struct buf *buf, struct structured at)
{
    struct structured_item item;
    const char *before = "";
    while (structured_next(&at, &item)) {
        buf_put(buf, str_from(before));
        put_value(buf, &item);
        put_params(buf, &item);
        before = " ";
    }
}

static bool check_line(const struct line_case *one)
{
    AUTO_BUF(got, 4096);
    struct str text = one->input, kind = lines_take_cell(&text);
    bool is_list = str_is(kind, "list");
    if (!(is_list ? structured_is_list(text) : structured_is_dictionary(text)))
        buf_puts(&got, "-");
    else
        put_members(&got, is_list ? structured_list(text) : structured_dictionary(text));
    if (str_eq(buf_str(&got), one->expected))
        return true;
    fprintf(stderr, "%s:%d: got %.*s\n", one->path, one->number, STR_ARG(buf_str(&got)));
    return false;
}

START_TEST(follows_the_table)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct line_cases all = lines_read(arena, "tests/tables/structured.txt");
    int bad = 0;
    for (size_t i = 0; i < all.count; i++)
        bad += !check_line(&all.items[i]);
    ck_assert_int_eq(bad, 0);
    ck_assert_int_gt(all.count, 50);
}
END_TEST

START_TEST(the_last_parameter_of_a_name_counts)
{
    struct structured_item item, param;
    struct structured at = structured_list(STR("1;t=2;t=3;u"));
    ck_assert(structured_next(&at, &item));
    ck_assert(structured_param(&item, "t", &param));
    ck_assert_int_eq(param.number, 3);
    ck_assert(!structured_param(&item, "v", &param));
    ck_assert(!structured_next(&at, &item));
}
END_TEST

SUITE("base/structured", follows_the_table, the_last_parameter_of_a_name_counts)
