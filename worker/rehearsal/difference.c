#include "worker/rehearsal/difference.h"

enum { VALUE_BYTES_MAX = 4 << 20 };

static struct str shown(struct arena *arena, struct value value)
{
    AUTO_BUF(text, VALUE_BYTES_MAX);
    if (value.kind == VALUE_UNDEFINED)
        return STR_NONE;
    value_format(&text, value);
    return arena_str(arena, buf_str(&text));
}

static void add(struct differences *differences, struct difference where, struct value expected,
                struct value got)
{
    if (differences->count++ >= DIFFERENCES_MAX)
        return;
    where.expected = shown(differences->arena, expected);
    where.got = shown(differences->arena, got);
    differences->items[differences->count - 1] = where;
}

static bool is_none(struct value value)
{
    return value.kind == VALUE_UNDEFINED || value.kind == VALUE_NULL;
}

static bool is_same(struct value a, struct value b)
{
    return (is_none(a) && is_none(b)) || value_same(a, b);
}

/* The members of both maps, those of the first in its order and then what only the second
 * has. */
static void compare_maps(struct differences *differences, struct difference where,
                         struct value expected, struct value got)
{
    size_t count = expected.kind == VALUE_MAP ? expected.map->count : 0;
    for (size_t i = 0; i < count; i++) {
        where.name = expected.map->members[i].key;
        struct value other = value_get(got, where.name);
        if (!is_same(expected.map->members[i].value, other))
            add(differences, where, expected.map->members[i].value, other);
    }
    count = got.kind == VALUE_MAP ? got.map->count : 0;
    for (size_t i = 0; i < count; i++) {
        where.name = got.map->members[i].key;
        if (value_get(expected, where.name).kind == VALUE_UNDEFINED &&
            !is_none(got.map->members[i].value))
            add(differences, where, UNDEFINED_VALUE, got.map->members[i].value);
    }
}

static size_t length(struct value list)
{
    return list.kind == VALUE_LIST ? list.list->count : 0;
}

static void compare_lists(struct differences *differences, struct difference where,
                          const char *name, struct value expected, struct value got)
{
    size_t expected_count = length(expected), got_count = length(got);
    if (expected_count != got_count) {
        struct difference count = where;
        count.of = DIFFERENCE_COUNT;
        count.name = str_from(name);
        add(differences, count, value_int(differences->arena, (int64_t)expected_count),
            value_int(differences->arena, (int64_t)got_count));
    }
    for (size_t i = 0; i < MAX(expected_count, got_count); i++) {
        struct value a = value_at(expected, i), b = value_at(got, i);
        where.number = (int64_t)i + 1;
        where.name = STR_NONE;
        if (a.kind == VALUE_MAP && b.kind == VALUE_MAP)
            compare_maps(differences, where, a, b);
        else if (!value_same(a, b))
            add(differences, where, a, b);
    }
}

static void compare_table(struct differences *differences, struct str name,
                          struct value expected, struct value got)
{
    struct difference where = {.of = DIFFERENCE_TABLE, .table = name};
    if (expected.kind == VALUE_UNDEFINED || got.kind == VALUE_UNDEFINED) {
        add(differences, where, expected, got);
        return;
    }
    where.of = DIFFERENCE_COLUMN;
    compare_maps(differences, where, value_get(expected, STR("columns")),
                 value_get(got, STR("columns")));
    where.of = DIFFERENCE_ROW;
    compare_lists(differences, where, "rows", value_get(expected, STR("rows")),
                  value_get(got, STR("rows")));
    where.of = DIFFERENCE_REJECTED;
    compare_lists(differences, where, "rejected", value_get(expected, STR("rejected")),
                  value_get(got, STR("rejected")));
}

static void compare_tables(struct differences *differences, struct value expected,
                           struct value got)
{
    size_t count = expected.kind == VALUE_MAP ? expected.map->count : 0;
    for (size_t i = 0; i < count; i++)
        compare_table(differences, expected.map->members[i].key, expected.map->members[i].value,
                      value_get(got, expected.map->members[i].key));
    count = got.kind == VALUE_MAP ? got.map->count : 0;
    for (size_t i = 0; i < count; i++)
        if (value_get(expected, got.map->members[i].key).kind == VALUE_UNDEFINED)
            compare_table(differences, got.map->members[i].key, UNDEFINED_VALUE,
                          got.map->members[i].value);
}

static struct value without_tables(struct arena *arena, struct value outcome)
{
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    size_t count = outcome.kind == VALUE_MAP ? outcome.map->count : 0;
    map->members = ARENA_ARRAY(arena, struct value_member, MAX(count, 1));
    map->count = 0;
    for (size_t i = 0; i < count; i++)
        if (!str_is(outcome.map->members[i].key, "tables"))
            map->members[map->count++] = outcome.map->members[i];
    return (struct value){.kind = VALUE_MAP, .map = map};
}

void differences_find(struct differences *differences, struct value expected, struct value got)
{
    const struct difference end = {.of = DIFFERENCE_END};
    compare_maps(differences, end, without_tables(differences->arena, expected),
                 without_tables(differences->arena, got));
    compare_tables(differences, value_get(expected, STR("tables")),
                   value_get(got, STR("tables")));
}
