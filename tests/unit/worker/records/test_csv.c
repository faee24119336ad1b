#include "worker/records/csv.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/value.h"
#include "tests/support/cpu.h"
#include "tests/support/suite.h"

static const struct csv_form usual = {
    .delimiter = STR_INIT(","), .quote = STR_INIT("\""), .has_header = true};

/* The records joined by '|'; one that is none as its problem in brackets; the error. */
static const char *read(struct arena *arena, struct str body, const struct csv_form *form)
{
    AUTO_BUF(all, MIB(1));
    struct err err = ERR_INIT;
    struct record record;
    struct value value;
    enum records_result result;
    struct record_source *source = csv_open(arena, body, form);
    for (size_t i = 0; (result = source->next(source, &record, &err)) == RECORDS_ONE; i++) {
        ck_assert_uint_eq(record.position, i);
        ck_assert(record.sent.ptr >= body.ptr);
        struct str shown = record.problem.len ? record.problem : record.raw;
        buf_printf(&all, record.problem.len ? "%s[%.*s]" : "%s%.*s", i ? "|" : "",
                   STR_ARG(shown));
        if (record.problem.len)
            continue;
        ck_assert_ok(value_parse(arena, record.raw, VALUE_WHOLE, &value, &err), err);
        ck_assert_uint_eq(value.map->count, record.count);
        for (size_t j = 0; j < record.count; j++)
            ck_assert(str_eq(value.map->members[j].key, record.fields[j].name));
    }
    if (result == RECORDS_BAD)
        buf_printf(&all, "%s!%s", all.len ? "|" : "", err.text);
    return arena_cstr(arena, buf_str(&all));
}

START_TEST(follows_rfc_4180)
{
    static const struct {
        const char *body, *records;
    } cases[] = {
        {"a,b\n1,2\n", "{\"a\":\"1\",\"b\":\"2\"}"},
        {"\xEF\xBB\xBF\r\na,b\r\n1,2\r\n\r\n3,4",
         "{\"a\":\"1\",\"b\":\"2\"}|{\"a\":\"3\",\"b\":\"4\"}"},
        {"a\n\"x,\"\"y\"\"\r\nz\"\n", "{\"a\":\"x,\\\"y\\\"\\r\\nz\"}"},
        {"a,b\r1,2\r\r3,\"x\r\ny\"\r\"4\"5,z\r6",
         "{\"a\":\"1\",\"b\":\"2\"}|{\"a\":\"3\",\"b\":\"x\\r\\ny\"}|[line 6: bytes follow the "
         "closing quote of a field]|[line 7: 1 fields, where there are 2 names]"},
        {"a,b\n1\r,\r2\n", "{\"a\":\"1\\r\",\"b\":\"\\r2\"}"},
        {"a,b\r\r\n1,\"2\"\r\r\n\r\r\n3,4\r\r\n",
         "{\"a\":\"1\",\"b\":\"2\"}|{\"a\":\"3\",\"b\":\"4\"}"},
        {"a\rb,c\n1,2\n", "{\"a\\rb\":\"1\",\"c\":\"2\"}"},
        {"a,b\n,\"\"\n", "{\"a\":null,\"b\":\"\"}"},
        {"a,b\nx\"y, z \n", "{\"a\":\"x\\\"y\",\"b\":\" z \"}"},
        {"a\n\\\t\x01\n", "{\"a\":\"\\\\\\t\\u0001\"}"},
        {",b,\n1,2,3\n", "{\"column_1\":\"1\",\"b\":\"2\",\"column_3\":\"3\"}"},
        {"\"a \"\"b\"\"\"\n1\n", "{\"a \\\"b\\\"\":\"1\"}"},
        {"a,b\n1\n1,2,3\n\"1\"x,2\n\"1\" ,2\n4,5",
         "[line 2: 1 fields, where there are 2 names]|[line 3: 3 fields, where there are 2 "
         "names]|[line 4: bytes follow the closing quote of a field]|[line 5: bytes follow the "
         "closing quote of a field]|{\"a\":\"4\",\"b\":\"5\"}"},
        {"a\nx\n\"y\n\nz\n", "{\"a\":\"x\"}|!line 3: a quote that opens in the row that begins "
                             "here is never closed "
                             "(`csv: {quote: ''}` reads quotes as text)"},
        {"a\n\"x\n\ny\"\n\"z\n", NULL},
        {"a,b,a\n",
         "!line 1: the name \"a\" stands there twice (`csv: {names: […]}` gives other "
         "names)"},
        {"", "!there is no header (`csv: {header: false}`)"},
        {"a,b\n", ""},
        {"a\rb\n1\r2\n", "{\"a\\rb\":\"1\\r2\"}"},
    };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *got = read(arena, str_from(cases[i].body), &usual);
        if (cases[i].records)
            ck_assert_str_eq(got, cases[i].records);
        else
            ck_assert_ptr_nonnull(strstr(got, "!line 5: a quote"));
    }
}
END_TEST

START_TEST(follows_its_form)
{
    struct str names[] = {STR("x"), STR("y")};
    struct csv_form form = usual;
    AUTO_ARENA struct arena *arena = arena_new();
    form.infers = true;
    ck_assert_str_eq(
        read(arena, STR("a\n1\n-1.50\n1e3\n007\n\"1\"\ntrue\nTrue\n+1\n1 \n"), &form),
        "{\"a\":1}|{\"a\":-1.50}|{\"a\":1e3}|{\"a\":\"007\"}|{\"a\":\"1\"}|{\"a\":true}|"
        "{\"a\":\"True\"}|{\"a\":\"+1\"}|{\"a\":\"1 \"}");
    form = (struct csv_form){
        .delimiter = STR("\t"), .null = STR("\\N"), .names = names, .name_count = 2};
    ck_assert_str_eq(read(arena, STR("\"1\t\\N\n\t\xff\n"), &form),
                     "{\"x\":\"\\\"1\",\"y\":null}|{\"x\":\"\",\"y\":\"\xff\"}");
    form.has_header = true;
    ck_assert_str_eq(read(arena, STR("p\tp\n1\t2\n"), &form), "{\"x\":\"1\",\"y\":\"2\"}");
}
END_TEST

START_TEST(flaws_are_those_of_values)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct record record;
    static const char body[] = "a,b,c\n\xff,\0,\xc3\xbc\n";
    struct record_source *source = csv_open(arena, (struct str){body, sizeof body - 1}, &usual);
    ck_assert_int_eq(source->next(source, &record, &err), RECORDS_ONE);
    ck_assert_int_eq(record.fields[0].flaw, FLAW_BAD_UTF8);
    ck_assert_int_eq(record.fields[1].flaw, FLAW_NUL);
    ck_assert_int_eq(record.fields[2].flaw, FLAW_NONE);
}
END_TEST

/* Memory does not grow with the rows, and the time is that of the length. */
START_TEST(is_read_in_little_memory)
{
    AUTO_BUF(body, MIB(16));
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    struct record record;
    size_t count = 0, bytes = 0;
    buf_puts(&body, "id,name,note\n");
    while (body.len < MIB(8))
        buf_puts(&body, "17,\"some \"\"name\"\"\",a note that is not short\n");
    int64_t before = cpu_ms();
    struct record_source *source = csv_open(arena, buf_str(&body), &usual);
    for (; source->next(source, &record, &err) == RECORDS_ONE; count++)
        bytes = count ? bytes : arena_bytes(arena);
    ck_assert_uint_gt(count, 100000);
    ck_assert_uint_eq(arena_bytes(arena), bytes);
    ck_assert_int_lt(cpu_ms() - before, 3000);
}
END_TEST

SUITE("worker/records/csv", follows_rfc_4180, follows_its_form, flaws_are_those_of_values,
      is_read_in_little_memory)
