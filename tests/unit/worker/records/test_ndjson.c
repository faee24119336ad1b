#include "worker/records/ndjson.h"

#include "base/buf.h"
#include "base/mem.h"
#include "tests/support/cpu.h"
#include "tests/support/suite.h"

/* The records joined by '|'; one that is none as its problem in brackets. */
static const char *read(struct arena *arena, struct str body)
{
    AUTO_BUF(all, MIB(1));
    struct err err = ERR_INIT;
    struct record record;
    struct record_source *source = ndjson_open(arena, body);
    for (size_t count = 0; source->next(source, &record, &err) == RECORDS_ONE; count++) {
        ck_assert_uint_eq(record.position, count);
        ck_assert(record.sent.ptr >= body.ptr &&
                  record.sent.ptr + record.sent.len <= body.ptr + body.len);
        if (record.problem.len)
            buf_printf(&all, "%s[%.*s]", count ? "|" : "", STR_ARG(record.problem));
        else
            buf_printf(&all, "%s%.*s", count ? "|" : "", STR_ARG(record.raw));
    }
    ck_assert_int_eq(err.kind, ERR_NONE);
    return arena_cstr(arena, buf_str(&all));
}

START_TEST(a_record_a_line)
{
    static const struct {
        const char *body, *records;
    } cases[] = {
        {"", ""},
        {"\n\r\n \t\n", ""},
        {"1", "1"},
        {"{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}|{\"a\":2}"},
        {"{\"a\":1}\r\n\r\n  {\"a\":2} \r\n", "{\"a\":1}|{\"a\":2}"},
        {"\xEF\xBB\xBF{\"a\":1}\n[2]\nnull\n\"x\"", "{\"a\":1}|[2]|null|\"x\""},
        {"1\n2 3\n4",
         "1|[line 2, column 3 (byte 2): expected the end of the text, found '3']|4"},
    };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_eq(read(arena, str_from(cases[i].body)), cases[i].records);
}
END_TEST

START_TEST(a_bad_line_is_named)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *got = read(arena, STR("{\"a\":1}\n\n{\"a\":\n{\"a\":3}\n"));
    ck_assert_ptr_nonnull(strstr(got, "{\"a\":1}|[line 3, column 6"));
    ck_assert_ptr_nonnull(strstr(got, "|{\"a\":3}"));
}
END_TEST

/* Two megabytes of lines, half of them bad, take some hundredths of a second. */
START_TEST(the_time_is_that_of_the_length)
{
    AUTO_BUF(body, MIB(4));
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct record record;
    size_t count = 0;
    while (body.len < MIB(2))
        buf_puts(&body, "{\"a\":1}\n{\"a\":\n");
    int64_t before = cpu_ms();
    struct record_source *source = ndjson_open(arena, buf_str(&body));
    while (source->next(source, &record, &err) == RECORDS_ONE)
        count++;
    ck_assert_uint_gt(count, 200000);
    ck_assert_int_lt(cpu_ms() - before, 3000);
}
END_TEST

SUITE("worker/records/ndjson", a_record_a_line, a_bad_line_is_named,
      the_time_is_that_of_the_length)
