#include <stdio.h>

#include "base/mem.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/targets.h"
#include "tests/support/suite.h"

static void replay_all(const char *name, struct corpus corpus, void (*target)(struct str text))
{
    for (size_t i = 0; i < corpus.count; i++) {
        const struct corpus_input *input = &corpus.items[i];
        fprintf(stderr, "%s: %.*s\n", name, STR_ARG(input->name));
        char *exact = mem_dup(input->bytes.ptr, input->bytes.len);
        target((struct str){exact, input->bytes.len});
        mem_free(exact);
    }
}

/*
 * The corpus that `make fuzz` keeps, what it once found, and the cases of the tables: a broken
 * promise aborts, and the last name on stderr is the input's.
 */
static void replay(const char *name, void (*target)(struct str text))
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *path = arena_printf(arena, "tests/fuzz/corpus/%s.txt", name).ptr;
    replay_all(name, corpus_read(arena, path), target);
    replay_all(name, seeds_read(arena, name), target);
}

#define REPLAY(name)                                                                           \
    START_TEST(name)                                                                           \
    {                                                                                          \
        replay(#name, fuzz_##name);                                                            \
    }                                                                                          \
    END_TEST
FUZZ_TARGETS(REPLAY)

/* Every byte, at a line's begin, within it and at its end. */
START_TEST(any_bytes_come_back)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(bytes, KIB(64));
    AUTO_BUF(text, KIB(64));
    for (int byte = 0; byte < 256; byte++)
        buf_printf(&bytes, "%c%c%c\n\\x41", byte, byte, byte);
    struct corpus_input input = {.name = STR("found-x"), .why = STR("a: b")};
    input.bytes = buf_str(&bytes);
    corpus_put(&text, &input);
    corpus_put(&text, &(struct corpus_input){.name = STR("empty")});
    struct corpus corpus = corpus_parse(arena, "text", buf_str(&text));
    ck_assert_uint_eq(corpus.count, 2);
    ck_assert_str_is(corpus.items[0].name, "found-x");
    ck_assert_str_is(corpus.items[0].why, "a: b");
    ck_assert(str_eq(corpus.items[0].bytes, input.bytes));
    ck_assert_uint_eq(corpus.items[1].bytes.len, 0);
    for (size_t i = 0; i < text.len; i++)
        ck_assert(text.ptr[i] == '\n' || (text.ptr[i] >= ' ' && text.ptr[i] <= '~'));
}
END_TEST

SUITE("fuzz/corpus", records, ndjson, csv, xml, expressions, paths, links, times, cron,
      definitions, imports, structured, tokens, messages, requests, checkpoints,
      any_bytes_come_back)
