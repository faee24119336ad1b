#include "port/sqlstate.h"

#include "base/macros.h"
#include "tests/support/suite.h"

START_TEST(sorts_codes_by_what_can_be_done)
{
    static const struct {
        const char *code;
        enum err_kind kind;
    } rows[] = {
        {"", ERR_AGAIN},       {"08006", ERR_AGAIN},  {"40001", ERR_AGAIN},
        {"40P01", ERR_AGAIN},  {"53100", ERR_AGAIN},  {"55P03", ERR_AGAIN},
        {"57P03", ERR_AGAIN},  {"58030", ERR_AGAIN},  {"22003", ERR_INPUT},
        {"23505", ERR_INPUT},  {"54000", ERR_INPUT},  {"P0001", ERR_INPUT},
        {"22P03", ERR_CONFIG}, {"22P04", ERR_CONFIG}, {"28P01", ERR_CONFIG},
        {"3D000", ERR_CONFIG}, {"3F000", ERR_CONFIG}, {"42703", ERR_CONFIG},
        {"0A000", ERR_CONFIG}, {"P0002", ERR_BUG},    {"PT001", ERR_BUG},
        {"XX000", ERR_BUG},    {"25P02", ERR_BUG},    {"25006", ERR_AGAIN},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum err_kind kind = sqlstate_kind(rows[i].code);
        ck_assert_msg(kind == rows[i].kind, "'%s' is kind %d", rows[i].code, kind);
    }
}
END_TEST

START_TEST(knows_codes_of_a_changed_table)
{
    static const char *const changed[] = {"42703", "0A000", "22P03", "22P04"};
    for (size_t i = 0; i < COUNT_OF(changed); i++)
        ck_assert(sqlstate_is_schema(changed[i]));
    ck_assert(!sqlstate_is_schema("22003"));
    ck_assert(!sqlstate_is_schema("3D000"));
    ck_assert(!sqlstate_is_schema(""));
}
END_TEST

START_TEST(knows_what_is_refused_to_anybody)
{
    ck_assert_str_eq(sqlstate_refuses("53100"), "more disk space");
    ck_assert_str_eq(sqlstate_refuses("25006"), "writes");
    ck_assert_ptr_null(sqlstate_refuses("55P03"));
    ck_assert_ptr_null(sqlstate_refuses("22003"));
    ck_assert_ptr_null(sqlstate_refuses(""));
}
END_TEST

SUITE("port/sqlstate", knows_what_is_refused_to_anybody, sorts_codes_by_what_can_be_done,
      knows_codes_of_a_changed_table)
