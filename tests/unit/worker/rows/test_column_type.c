#include "worker/rows/column_type.h"

#include "tests/support/suite.h"

START_TEST(knows_types_by_both_names)
{
    ck_assert_int_eq(column_type_from_sql(STR("timestamptz")), COLUMN_TIMESTAMPTZ);
    ck_assert_int_eq(column_type_from_sql(STR("timestamp with time zone")), COLUMN_TIMESTAMPTZ);
    ck_assert_int_eq(column_type_from_sql(STR("INT8")), COLUMN_BIGINT);
    ck_assert_int_eq(column_type_from_sql(STR("numeric")), COLUMN_NUMERIC);
    ck_assert_int_eq(column_type_from_sql(STR("numeric(12,2)")), COLUMN_OTHER);
    ck_assert_int_eq(column_type_from_sql(STR("integer")), COLUMN_OTHER);
}
END_TEST

START_TEST(writes_what_it_reads)
{
    for (int type = COLUMN_BOOLEAN; type < COLUMN_OTHER; type++)
        ck_assert_int_eq(column_type_from_sql(str_from(column_type_sql(type))), type);
    ck_assert_str_eq(column_type_sql(COLUMN_OTHER), "text");
}
END_TEST

SUITE("worker/column_type", knows_types_by_both_names, writes_what_it_reads)
