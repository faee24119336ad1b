#include "worker/rows/column_name.h"

#include "tests/support/suite.h"

START_TEST(names_columns)
{
    static const struct {
        const char *field, *column;
    } cases[] = {
        {"id", "id"},
        {"createdAt", "created_at"},
        {"userID", "user_id"},
        {"HTMLPage", "html_page"},
        {"Order-No.", "order_no"},
        {"a  b", "a_b"},
        {"@odata.id", "odata_id"},
        {"_id", "_id"},
        {"__typename", "_typename"},
        {"2nd", "_2nd"},
        {"_pt_run", "pt_run"},
        {"xmin", "xmin_"},
        {"", "field"},
        {"v2Name", "v2_name"},
        {"Größe", "größe"},
        {"ÜberName", "über_name"},
        {"straßeName", "straße_name"},
        {"税率", "税率"},
        {"合計 金額（円）", "合計_金額_円"},
        {"Цена", "цена"},
        {"ΤιμήX", "τιμή_x"},
        {"السعر", "السعر"},
        {"मूल्य", "मूल्य"},
        {"price €", "price"},
        {"a\u200Bb\u202Ec", "a_b_c"},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_is(column_name_for(arena, str_from(cases[i].field)), cases[i].column);
    struct str smile = column_name_for(arena, STR("\xF0\x9F\x98\x80"));
    ck_assert(str_starts(smile, STR("field_")));
    /* Cut between characters, of three bytes here. */
    struct str many = column_name_for(
        arena, STR("税税税税税税税税税税税税税税税税税税税税税税税税税税税税税税税税税税"));
    ck_assert_uint_le(many.len, 63);
    ck_assert(str_is_utf8(many));

    char long_a[101], long_b[101];
    memset(long_a, 'x', 100);
    memset(long_b, 'x', 100);
    long_a[100] = long_b[100] = '\0';
    long_b[99] = 'y';
    struct str a = column_name_for(arena, str_from(long_a));
    struct str b = column_name_for(arena, str_from(long_b));
    ck_assert_uint_eq(a.len, 63);
    ck_assert_uint_eq(b.len, 63);
    ck_assert(!str_eq(a, b));
    arena_free(arena);
}
END_TEST

SUITE("worker/column_name", names_columns)
