#include "worker/access/seal.h"

#include "base/rng.h"
#include "tests/support/suite.h"

START_TEST(comes_back_with_the_same_key_alone)
{
    struct rng rng;
    rng_seed(&rng, 1);
    for (size_t len = 0; len < 200; len += 7) {
        struct arena *arena = arena_new();
        char bytes[200];
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)rng_below(&rng, 256);
        struct str text = {bytes, len}, got, sealed = seal_close(arena, STR("k1"), text);
        ck_assert(str_eq(sealed, seal_close(arena, STR("k1"), text)));
        ck_assert(seal_open(arena, STR("k1"), sealed, &got));
        ck_assert(str_eq(got, text));
        ck_assert(!str_eq(sealed, seal_close(arena, STR("k2"), text)));
        ck_assert(!seal_open(arena, STR("k2"), sealed, &got));
        arena_free(arena);
    }
}
END_TEST

START_TEST(what_was_changed_does_not_open)
{
    struct arena *arena = arena_new();
    struct str got, sealed = seal_close(arena, STR("k"), STR("a text that is sealed"));
    for (size_t i = 0; i < sealed.len; i++) {
        char *copy = arena_alloc(arena, sealed.len);
        memcpy(copy, sealed.ptr, sealed.len);
        copy[i] = copy[i] == 'A' ? 'Q' : 'A';
        bool is_open = seal_open(arena, STR("k"), (struct str){copy, sealed.len}, &got);
        ck_assert_msg(!is_open, "%zu", i);
    }
    static const char *const foreign[] = {"", "AAAA", "no base64!"};
    for (size_t i = 0; i < COUNT_OF(foreign); i++)
        ck_assert(!seal_open(arena, STR("k"), str_from(foreign[i]), &got));
    arena_free(arena);
}
END_TEST

SUITE("worker/access/seal", comes_back_with_the_same_key_alone, what_was_changed_does_not_open)
