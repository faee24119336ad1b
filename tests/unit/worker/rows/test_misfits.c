#include "worker/rows/misfits.h"

#include <stdio.h>

#include "tests/support/suite.h"
#include "worker/records/jsontext.h"

static struct arena *arena;
static struct misfits misfits;

static void add(const char *name, const char *json, enum column_type type, size_t position)
{
    struct column *column = ARENA_NEW(arena, struct column);
    struct record_field *field = ARENA_NEW(arena, struct record_field);
    *column = (struct column){.name = arena_printf(arena, "%s", name), .type = type};
    *field = jsontext_field(STR_NONE, arena_printf(arena, "%s", json));
    misfits_add(&misfits, &(struct bind_aside){column->name, field, column, true}, position);
}

static void start(void)
{
    arena = arena_new();
    misfits = (struct misfits){.arena = arena};
}

START_TEST(counts_by_column_and_keeps_the_first_place)
{
    AUTO_BUF(counts, KIB(4));
    AUTO_BUF(notes, KIB(4));
    start();
    add("n", "1.5", COLUMN_BIGINT, 3);
    add("on", "\"yes\"", COLUMN_BOOLEAN, 4);
    add("n", "\"\"", COLUMN_BIGINT, 5);
    add("x\x1b", "[1]", COLUMN_OTHER, 6);
    ck_assert_int_eq(misfits.total, 4);
    misfits_put_counts(&misfits, &counts);
    ck_assert_str_is(buf_str(&counts), "{\"n\":2,\"on\":1,\"x\\u001b\":1}");
    misfits_put_notes(&misfits, &notes);
    ck_assert_str_is(buf_str(&notes),
                     "{\"n\":{\"label\":\"n\",\"position\":3,\"what\":\"a number that is no "
                     "64-bit integer\",\"wider\":\"text\"},\"on\":{\"label\":\"on\","
                     "\"position\":4,\"what\":\"text\",\"wider\":\"text\"},\"x\\u001b\":"
                     "{\"label\":\"x\\\\u001b\",\"position\":6,\"what\":\"a list\"}}");
    arena_free(arena);
}
END_TEST

START_TEST(names_past_the_ceiling_are_counted_together)
{
    start();
    for (int i = 0; i < MISFITS_NAMES_MAX + 50; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        add(name, "{}", COLUMN_BIGINT, 0);
    }
    ck_assert_uint_eq(misfits.count, MISFITS_NAMES_MAX + 1);
    ck_assert_str_is(misfits.items[MISFITS_NAMES_MAX].name, MISFITS_OTHERS);
    ck_assert_int_eq(misfits.items[MISFITS_NAMES_MAX].count, 50);
    ck_assert_int_eq(misfits.total, MISFITS_NAMES_MAX + 50);
    arena_free(arena);
}
END_TEST

SUITE("worker/misfits", counts_by_column_and_keeps_the_first_place,
      names_past_the_ceiling_are_counted_together)
