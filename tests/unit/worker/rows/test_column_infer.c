#include "worker/rows/column_infer.h"

#include "tests/support/suite.h"
#include "worker/records/jsontext.h"

/* The type of a field that shows these values in one page; NULL ends them. */
static const char *type_of(const char *first, const char *second, const char *third)
{
    const char *const values[] = {first, second, third};
    unsigned kinds = 0;
    for (size_t i = 0; i < COUNT_OF(values) && values[i]; i++) {
        struct record_field value = jsontext_field(STR("v"), str_from(values[i]));
        kinds |= column_infer_kind(&value);
    }
    enum column_type type;
    return column_infer_type(kinds, &type) ? column_type_sql(type) : "none";
}

START_TEST(infers_a_type_from_one_page)
{
    ck_assert_str_eq(type_of("null", NULL, NULL), "none");
    ck_assert_str_eq(type_of("null", "true", "false"), "boolean");
    ck_assert_str_eq(type_of("1", "-9223372036854775808", NULL), "bigint");
    ck_assert_str_eq(type_of("1", "9223372036854775808", NULL), "numeric");
    ck_assert_str_eq(type_of("1.0", NULL, NULL), "numeric");
    ck_assert_str_eq(type_of("1e3", NULL, NULL), "numeric");
    ck_assert_str_eq(type_of("\"2024-01-02T03:04:05Z\"", "null", NULL),
                     "timestamp with time zone");
    ck_assert_str_eq(type_of("\"2024-01-02T03:04:05\"", NULL, NULL), "text");
    ck_assert_str_eq(type_of("\"2024-01-02\"", NULL, NULL), "date");
    ck_assert_str_eq(type_of("\"123e4567-e89b-12d3-a456-426614174000\"", NULL, NULL), "uuid");
    ck_assert_str_eq(type_of("\"00012\"", NULL, NULL), "text");
    ck_assert_str_eq(type_of("\"\"", "\"2024-01-02\"", NULL), "text");
    ck_assert_str_eq(type_of("\"2024-01-02T03:04:05Z\"", "\"2024-01-02\"", NULL), "text");
    ck_assert_str_eq(type_of("1", "\"x\"", NULL), "text");
    ck_assert_str_eq(type_of("true", "1", NULL), "text");
    ck_assert_str_eq(type_of("{}", NULL, NULL), "jsonb");
    ck_assert_str_eq(type_of("1", "[1]", "\"x\""), "jsonb");
}
END_TEST

START_TEST(a_column_grows_to_what_takes_both)
{
    enum column_type type;
    unsigned bigint = column_infer_kind_of_type(COLUMN_BIGINT);
    ck_assert(column_infer_type(bigint | column_infer_kind_of_type(COLUMN_NUMERIC), &type));
    ck_assert_int_eq(type, COLUMN_NUMERIC);
    ck_assert(column_infer_type(bigint | column_infer_kind_of_type(COLUMN_BOOLEAN), &type));
    ck_assert_int_eq(type, COLUMN_TEXT);
    ck_assert_uint_eq(column_infer_kind_of_type(COLUMN_OTHER), 0);
}
END_TEST

SUITE("worker/column_infer", infers_a_type_from_one_page, a_column_grows_to_what_takes_both)
