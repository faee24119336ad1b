#include "core/expr.h"
#include "core/expr/filter.h"
#include "core/expr/test.h"
#include "tests/support/suite.h"

/* The reference of filters and tests. */

typedef struct expr_word (*word_fn)(size_t index, struct arena *arena);

static bool is_named(struct str names, const char *name)
{
    struct str rest = names, one;
    while (rest.len) {
        rest = str_split(rest, ' ', &one);
        if (str_is(one, name))
            return true;
    }
    return false;
}

static bool has_word(word_fn word_at, struct arena *arena, const char *name)
{
    struct expr_word word;
    for (size_t i = 0; (word = word_at(i, arena)).help; i++) {
        struct str called;
        str_split(word.call, '(', &called);
        if (str_is(called, name) || is_named(word.aliases, name))
            return true;
    }
    return false;
}

START_TEST(every_filter_and_test_has_words)
{
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t t = 0; t < FILTER_TABLES; t++)
        for (const struct callable *entry = filter_tables[t]; entry->name; entry++)
            ck_assert_msg(has_word(expr_filter_word, arena, entry->name), "%s", entry->name);
    for (const struct callable *entry = test_table; entry->name; entry++)
        ck_assert_msg(has_word(expr_test_word, arena, entry->name), "%s", entry->name);
}
END_TEST

START_TEST(optional_arguments_are_in_brackets)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct expr_word word;
    size_t seen = 0;
    for (size_t i = 0; (word = expr_filter_word(i, arena)).help; i++) {
        seen += str_is(word.call, "replace(old, new[, count])");
        seen += str_is(word.call, "map([filter, …, attribute, default])");
        seen += str_is(word.call, "selectattr(attribute[, test, …])");
        seen += str_is(word.call, "length") && str_is(word.aliases, "count");
    }
    ck_assert_uint_eq(seen, 4);
}
END_TEST

SUITE("unit/core/words", every_filter_and_test_has_words, optional_arguments_are_in_brackets)
