#include "worker/rows/columns.h"

#include "tests/support/suite.h"
#include "worker/records/jsontext.h"

static struct arena *arena;

static struct record_field field(const char *name, const char *json)
{
    return jsontext_field(str_from(name), str_from(json));
}

/* The type of a field that shows these values in one page; NULL ends them. */
static const char *type_of(const char *first, const char *second, const char *third)
{
    struct shape shape = {.arena = arena};
    const char *const values[] = {first, second, third};
    for (size_t i = 0; i < COUNT_OF(values) && values[i]; i++) {
        struct record_field value = field("v", values[i]);
        shape_add(&shape, &value);
    }
    enum column_type type;
    ck_assert_uint_eq(shape.count, 1);
    return shape_type(&shape.items[0], &type) ? column_type_sql(type) : "none";
}

START_TEST(infers_a_type_from_one_page)
{
    arena = arena_new();
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
    arena_free(arena);
}
END_TEST

START_TEST(shape_finds_fields_in_any_order)
{
    arena = arena_new();
    struct shape shape = {.arena = arena};
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 500; i++) {
            char name[16];
            snprintf(name, sizeof name, "f%d", round == 1 ? 499 - i : i);
            struct record_field value = field(name, round == 2 ? "1.5" : "1");
            shape_add(&shape, &value);
        }
    ck_assert_uint_eq(shape.count, 500);
    for (size_t i = 0; i < shape.count; i++) {
        enum column_type type;
        ck_assert(shape_type(&shape.items[i], &type));
        ck_assert_int_eq(type, COLUMN_NUMERIC);
    }
    arena_free(arena);
}
END_TEST

START_TEST(shape_keeps_no_more_than_its_ceiling)
{
    arena = arena_new();
    struct shape shape = {.arena = arena};
    for (int i = 0; i < SHAPE_FIELDS_MAX + 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        struct record_field value = field(name, "1");
        shape_add(&shape, &value);
    }
    ck_assert_uint_eq(shape.count, SHAPE_FIELDS_MAX);
    arena_free(arena);
}
END_TEST

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
    };
    arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_is(column_name_for(arena, str_from(cases[i].field)), cases[i].column);
    struct str kanji = column_name_for(arena, STR("\xE5\x90\x8D"));
    ck_assert(str_starts(kanji, STR("field_")));

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

START_TEST(declared_columns_take_their_fields)
{
    arena = arena_new();
    struct path_step deep_steps[] = {{.kind = PATH_KEY, .key = STR("amounts")},
                                     {.kind = PATH_KEY, .key = STR("total")}};
    struct path_step flat_step = {.kind = PATH_KEY, .key = STR("at")};
    struct declared_column total = {.name = STR("total"),
                                    .path = {.steps = deep_steps, .count = 2}};
    struct declared_column day = {.name = STR("day"),
                                  .path = {.steps = &flat_step, .count = 1}};
    struct declared_column at = {.name = STR("at")};
    struct column items[] = {
        {.name = STR("total"), .declared = &total},
        {.name = STR("day"), .declared = &day},
        {.name = STR("at"), .declared = &at},
        {.name = STR("id"), .field = STR("ID")},
    };
    struct columns columns = {.items = items, .count = COUNT_OF(items)};
    columns_index(&columns, arena);

    ck_assert_uint_eq(columns.deep_count, 1);
    ck_assert_uint_eq(columns.deep[0], 0);
    uint16_t first = columns_find(&columns, STR("at"));
    ck_assert_uint_eq(columns.uses[first].column, 1);
    ck_assert_uint_eq(columns.uses[columns.uses[first].also].column, 2);
    ck_assert_uint_eq(columns.uses[columns_find(&columns, STR("ID"))].column, 3);
    ck_assert_uint_eq(columns.uses[columns_find(&columns, STR("total"))].column, COLUMN_NONE);
    ck_assert_uint_eq(columns_find(&columns, STR("amounts")), COLUMN_NONE);

    uint64_t seed = columns.seed;
    items[3].sql_type = STR("numeric");
    columns_index(&columns, arena);
    ck_assert_uint_ne(columns.seed, seed);
    arena_free(arena);
}
END_TEST

SUITE("worker/columns", infers_a_type_from_one_page, shape_finds_fields_in_any_order,
      shape_keeps_no_more_than_its_ceiling, names_columns, knows_types_by_both_names,
      declared_columns_take_their_fields)
