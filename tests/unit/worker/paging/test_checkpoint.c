#include "worker/paging/checkpoint.h"

#include "base/redact.h"

#include "tests/support/suite.h"

static struct arena *arena;
static struct err err = ERR_INIT;
static const struct secrets *secrets;

static struct str written(const struct pager *pager)
{
    struct str text;
    ck_assert_ok(checkpoint_write(arena, pager, secrets, &text, &err), err);
    return text;
}

/* Written and read again, in other memory. */
static struct pager again(const struct pager *pager)
{
    struct pager read;
    struct str text = written(pager);
    ck_assert_ok(
        checkpoint_read(&(struct checkpoint_from){arena, arena, pager->declared, secrets}, text,
                        &read, &err),
        err);
    ck_assert(str_eq(written(&read), text));
    return read;
}

static struct value json(const char *text)
{
    struct value value;
    ck_assert_ok(value_parse(arena, str_from(text), VALUE_WHOLE, &value, &err), err);
    return value;
}

static struct str shown(struct value value)
{
    AUTO_BUF(buf, KIB(64));
    value_format(&buf, value);
    return arena_str(arena, buf_str(&buf));
}

START_TEST(an_empty_text_is_the_start)
{
    arena = arena_new();
    const struct pagination def = {.type = PAGINATE_OFFSET, .start = 50};
    struct pager pager;
    ck_assert_ok(checkpoint_read(&(struct checkpoint_from){arena, arena, &def, secrets},
                                 STR_NONE, &pager, &err),
                 err);
    ck_assert_int_eq(pager.page, 0);
    ck_assert_int_eq(pager.number, 50);
    ck_assert_int_eq(pager.total, -1);
    ck_assert(!pager.is_done);
    arena_free(arena);
}
END_TEST

START_TEST(a_paging_that_began_anew_comes_back)
{
    arena = arena_new();
    const struct pagination def = {.type = PAGINATE_OFFSET, .start = 5, .size = 8};
    struct pager pager;
    pager_start(&pager, &def);
    pager.page = 3;
    pager.records = 24;
    pager.number = 29;
    pager.total = 99;
    pager.high = STR("2024-01-02");
    pager.accept = STR("text/csv");
    pager.counted = (struct pager_counted){.total = 99};
    pager_begin_anew(&pager);
    pager.resets++;
    pager.restarts = 2;
    pager.since = STR("2024-01-01");
    pager.page = 1;
    pager.size = 4;
    pager.good_pages = 7;
    struct pager read = again(&pager);
    ck_assert_int_eq(read.resets, 1);
    ck_assert_int_eq(read.restarts, 2);
    ck_assert_int_eq(pager_pages(&read), 4);
    ck_assert_int_eq(read.records_before, 24);
    ck_assert_int_eq(read.number, 5);
    ck_assert_int_eq(read.total, -1);
    ck_assert_int_eq(pager_size(&read), 4);
    ck_assert_int_eq(read.good_pages, 7);
    ck_assert_str_is(read.since, "2024-01-01");
    ck_assert_str_is(read.high, "2024-01-02");
    ck_assert_str_is(read.accept, "text/csv");
    ck_assert_int_eq(read.counted.total, 99);
    arena_free(arena);
}
END_TEST

START_TEST(an_end_that_waits_for_a_count_comes_back)
{
    arena = arena_new();
    struct pagination def = {.type = PAGINATE_PAGE, .start = 1};
    struct pager pager;
    def.count.at.kind = LOCATOR_BODY;
    pager_start(&pager, &def);
    pager.page = 3;
    pager.lacks = STR("total_path: x");
    pager.more = STR("meta.has_more is true");
    pager.ending = (struct pager_ending){COMPLETE_TOLD, STR("the page is empty")};
    struct pager read = again(&pager);
    ck_assert_int_eq(read.ending.complete, COMPLETE_TOLD);
    ck_assert_str_is(read.ending.why, "the page is empty");
    ck_assert_str_is(read.lacks, "total_path: x");
    ck_assert_str_is(read.more, "meta.has_more is true");
    ck_assert_int_eq(read.counted.total, -1);
    ck_assert_str_is(read.counted.why, "");
    pager.counted.why = STR("status 404");
    ck_assert_str_is(again(&pager).counted.why, "status 404");
    def.count.at.kind = LOCATOR_NONE;
    ck_assert_ok(checkpoint_read(&(struct checkpoint_from){arena, arena, &def, secrets},
                                 written(&pager), &read, &err),
                 err);
    ck_assert_int_eq(read.ending.complete, COMPLETE_UNKNOWN);
    arena_free(arena);
}
END_TEST

START_TEST(counts_come_back)
{
    arena = arena_new();
    const struct pagination def = {.type = PAGINATE_PAGE, .start = 1};
    struct pager pager;
    pager_start(&pager, &def);
    pager.page = 3;
    pager.records = INT64_C(9007199254740993);
    pager.number = 4;
    pager.total = 0;
    pager.shape = SHAPE_OBJECT;
    pager.answer = json("{\"response\": {\"next\": \"/p2\"}}");
    pager.reached = STR("x-total is 7 and 7 were read");
    struct pager read = again(&pager);
    ck_assert_int_eq(read.page, 3);
    ck_assert_int_eq(read.records, INT64_C(9007199254740993));
    ck_assert_int_eq(read.number, 4);
    ck_assert_int_eq(read.total, 0);
    ck_assert_int_eq(read.shape, SHAPE_OBJECT);
    ck_assert_str_is(shown(read.answer), "{\"response\":{\"next\":\"/p2\"}}");
    ck_assert_str_is(read.reached, "x-total is 7 and 7 were read");
    ck_assert_int_eq(read.type, PAGINATE_PAGE);
    arena_free(arena);
}
END_TEST

/* A cursor is any JSON value and comes back as it was. */
START_TEST(cursors_come_back)
{
    static const char *const cursors[] = {"5",
                                          "\"00012\"",
                                          "12345678901234567890",
                                          "\"{{ 7*7 }}\"",
                                          "\"a\\u0000\\\"b\"",
                                          "{\"a\":[1,null,1.50]}",
                                          "false"};
    arena = arena_new();
    const struct pagination def = {.type = PAGINATE_CURSOR};
    for (size_t i = 0; i < COUNT_OF(cursors); i++) {
        struct pager pager;
        pager_start(&pager, &def);
        pager.cursor = json(cursors[i]);
        ck_assert_str_is(shown(again(&pager).cursor), cursors[i]);
    }
    arena_free(arena);
}
END_TEST

START_TEST(links_and_ends_come_back)
{
    arena = arena_new();
    const struct pagination def = {.type = PAGINATE_LINK_HEADER};
    struct pager pager;
    pager_start(&pager, &def);
    pager.url = STR("https://h/x?a=\"1\"");
    ck_assert_str_is(again(&pager).url, "https://h/x?a=\"1\"");
    pager.last = STR("{\"id\":9}");
    pager.is_done = true;
    struct pager read = again(&pager);
    ck_assert(read.is_done);
    ck_assert_str_is(read.last, "{\"id\":9}");
    arena_free(arena);
}
END_TEST

START_TEST(foreign_texts_are_refused)
{
    static const char *const foreign[] = {
        "{",
        "[]",
        "{}",
        "{\"v\":2,\"type\":\"page\",\"page\":\"1\",\"records\":\"1\"}",
        "{\"v\":1,\"type\":\"pages\",\"page\":\"1\",\"records\":\"1\",\"number\":\"1\"}",
        "{\"v\":1,\"type\":\"page\",\"page\":1,\"records\":\"1\",\"number\":\"1\"}",
        "{\"v\":1,\"type\":\"page\",\"page\":\"2147483647\",\"records\":\"1\",\"number\":"
        "\"1\"}",
        "{\"v\":1,\"type\":\"page\",\"page\":\"1\",\"records\":\"-1\",\"number\":\"1\"}"};
    arena = arena_new();
    const struct pagination def = {.type = PAGINATE_PAGE};
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        struct pager pager;
        ck_assert_msg(!checkpoint_read(&(struct checkpoint_from){arena, arena, &def, secrets},
                                       str_from(foreign[i]), &pager, &err),
                      "%s", foreign[i]);
        ck_assert_int_eq(err.kind, ERR_INPUT);
    }
    arena_free(arena);
}
END_TEST

/* As it is, percent-encoded, twice in a text, in a list; and not what an API wrote like it. */
START_TEST(secrets_are_references)
{
    arena = arena_new();
    const struct pagination def = {.type = PAGINATE_RESPONSE_BASED};
    const struct secrets planted = {json("{\"T\":\"t/0+815\",\"N\":\"abc\"}"),
                                    json("{\"shop\":{\"deep\":[\"plant3d\"]}}")};
    secrets = &planted;
    struct pager pager;
    pager_start(&pager, &def);
    pager.page = 1;
    pager.cursor = value_string(STR("t/0+815"));
    pager.last = STR("{\"a\":\"-plant3d-\"}");
    pager.url = STR("https://h/t/0+815/plant3d?k=t%2F0%2B815&t/0+815");
    pager.params = json("{\"a\":[\"x\",\"plant3d\"],\"b\":1}");
    pager.headers = json("{}");
    pager.body = json("{\"name\":\"env.T\",\"at\":0,\"deep\":{\"k\":\"<t/0+815>\"}}");
    struct str text = written(&pager);
    static const char *const clear[] = {"t/0+815", "t%2F0%2B815", "plant3d"};
    for (size_t i = 0; i < COUNT_OF(clear); i++)
        ck_assert_msg(str_find(text, str_from(clear[i])) < 0, "%.*s", STR_ARG(text));
    struct pager read = again(&pager);
    ck_assert_str_is(read.url, "https://h/t/0+815/plant3d?k=t%2F0%2B815&t/0+815");
    ck_assert_str_is(read.last, "{\"a\":\"-plant3d-\"}");
    ck_assert_str_is(read.cursor.text, "t/0+815");
    ck_assert_str_is(shown(read.params), "{\"a\":[\"x\",\"plant3d\"],\"b\":1}");
    ck_assert_str_is(shown(read.body),
                     "{\"name\":\"env.T\",\"at\":0,\"deep\":{\"k\":\"<t/0+815>\"}}");
    const struct secrets none = {json("{}"), json("{}")};
    const struct checkpoint_from from = {arena, arena, &def, &none};
    ck_assert(!checkpoint_read(&from, text, &read, &err));
    ck_assert_int_eq(err.kind, ERR_INPUT);
    secrets = NULL;
    arena_free(arena);
}
END_TEST

/* The keys that a type needs may be missing from a definition of another type. */
START_TEST(the_state_of_another_type_is_refused)
{
    arena = arena_new();
    for (enum pagination_type type = PAGINATE_NONE; type <= PAGINATE_AUTO; type++) {
        const struct pagination def = {.type = type};
        struct pager pager, read;
        pager_start(&pager, &def);
        struct str text = written(&pager);
        for (enum pagination_type other = PAGINATE_NONE; other <= PAGINATE_AUTO; other++) {
            const struct pagination changed = {.type = other};
            bool is_same = type == other || (type == PAGINATE_NONE && other == PAGINATE_AUTO);
            err = (struct err)ERR_INIT;
            ck_assert_msg(
                checkpoint_read(&(struct checkpoint_from){arena, arena, &changed, secrets},
                                text, &read, &err) == is_same,
                "%.*s for type %d", STR_ARG(text), (int)other);
            ck_assert_int_eq(err.kind, is_same ? ERR_NONE : ERR_INPUT);
        }
    }
    arena_free(arena);
}
END_TEST

/* What `auto` recognised holds for `auto` alone, and says the type. */
START_TEST(words_of_auto_go_with_auto)
{
    static const char text[] = "{\"v\":1,\"type\":\"cursor\",\"auto\":\"cursor next after\","
                               "\"page\":\"1\",\"records\":\"1\",\"number\":\"0\"}";
    static const char other[] =
        "{\"v\":1,\"type\":\"response_based\",\"auto\":\"cursor next a\","
        "\"page\":\"1\",\"records\":\"1\",\"number\":\"0\"}";
    arena = arena_new();
    const struct pagination recognises = {.type = PAGINATE_AUTO},
                            page = {.type = PAGINATE_PAGE};
    struct pager pager;
    ck_assert_ok(checkpoint_read(&(struct checkpoint_from){arena, arena, &recognises, secrets},
                                 str_from(text), &pager, &err),
                 err);
    ck_assert(!checkpoint_read(&(struct checkpoint_from){arena, arena, &page, secrets},
                               str_from(text), &pager, &err));
    ck_assert(!checkpoint_read(&(struct checkpoint_from){arena, arena, &recognises, secrets},
                               str_from(other), &pager, &err));
    arena_free(arena);
}
END_TEST

#define COUNTS(page, records, number)                                                          \
    "{\"v\":1,\"type\":\"page\",\"page\":\"" page "\",\"records\":\"" records                  \
    "\",\"number\":\"" number "\",\"done\":false}"

START_TEST(counts_that_cannot_be_are_refused)
{
    static const char *const odd[] = {COUNTS("-1", "1", "1"),
                                      COUNTS("2147483647", "1", "1"),
                                      COUNTS("4294967297", "1", "1"),
                                      COUNTS("1", "-1", "1"),
                                      COUNTS("1", "9223372036854775807", "1"),
                                      COUNTS("1", "1", "9223372036854775807"),
                                      COUNTS("1", "1", "-9223372036854775808")};
    arena = arena_new();
    const struct pagination def = {.type = PAGINATE_PAGE};
    struct pager pager;
    for (size_t i = 0; i < COUNT_OF(odd); i++)
        ck_assert_msg(!checkpoint_read(&(struct checkpoint_from){arena, arena, &def, secrets},
                                       str_from(odd[i]), &pager, &err),
                      "%s", odd[i]);
    ck_assert_ok(checkpoint_read(&(struct checkpoint_from){arena, arena, &def, secrets},
                                 STR(COUNTS("1", "1", "1")), &pager, &err),
                 err);
    ck_assert(!pager.is_done);
    arena_free(arena);
}
END_TEST

/* What would be cut could not be read again. */
START_TEST(a_state_that_is_too_big_is_an_error)
{
    arena = arena_new();
    const struct pagination def = {.type = PAGINATE_CURSOR};
    size_t size = 8 * MIB(1);
    char *big = arena_alloc(arena, size + 2);
    struct str text = STR("untouched");
    struct pager pager;
    memset(big, 'x', size + 2);
    pager_start(&pager, &def);
    pager.cursor = value_string((struct str){big, size});
    ck_assert(!checkpoint_write(arena, &pager, secrets, &text, &err));
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_str_eq(err.text, "the state of the paging is over 8 MiB and cannot be kept: the "
                               "cursor, the link or the parameters that the answer gives are");
    ck_assert_str_is(text, "untouched");
    pager_start(&pager, &def);
    big[0] = big[size + 1] = '"';
    pager.last = (struct str){big, size + 2};
    err = (struct err)ERR_INIT;
    ck_assert(!checkpoint_write(arena, &pager, secrets, &text, &err));
    ck_assert_str_eq(err.text, "the state of the paging is over 8 MiB and cannot be kept: its "
                               "last record is, which accumulated[-1] asks for");
    err = (struct err)ERR_INIT;
    arena_free(arena);
}
END_TEST

/* In base64, in hexadecimal, in two encodings, cut, in another letter case, made by an
 * expression: the text comes back as it was, and only with the same secrets. */
START_TEST(secrets_in_other_forms_are_sealed)
{
    static const char *const forms[] = {"c2hvcGtlZXBlcjpwbGFudDNkLXMzY3JldA==",
                                        "706c616e7433642d733363726574",
                                        "next%3Fk%3Dplant3d%252Ds3cret",
                                        "plant3d\\u002ds3cret",
                                        "PLANT3D-S3CRET",
                                        "see plant3d-s3cr",
                                        "d41d8cd98f00b204e980"};
    arena = arena_new();
    const struct pagination def = {.type = PAGINATE_CURSOR};
    const struct secrets planted = {json("{\"T\":\"plant3d-s3cret\"}"), json("{}")},
                         others = {json("{\"T\":\"another-s3cret\"}"), json("{}")};
    secrets = &planted;
    redact_add(STR("env.T"), STR("plant3d-s3cret"));
    redact_add_derived(STR("d41d8cd98f00b204e980"));
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct pager pager, read;
        pager_start(&pager, &def);
        pager.page = 1;
        pager.cursor = value_string(str_from(forms[i]));
        pager.url = arena_printf(arena, "https://h/?after=%s", forms[i]);
        struct str text = written(&pager);
        ck_assert_msg(!redact_has(text), "%.*s", STR_ARG(text));
        ck_assert_str_is(written(&pager), arena_printf(arena, "%.*s", STR_ARG(text)).ptr);
        read = again(&pager);
        ck_assert_str_is(read.cursor.text, forms[i]);
        ck_assert_str_is(read.url, pager.url.ptr);
        const struct checkpoint_from from = {arena, arena, &def, &others};
        ck_assert(!checkpoint_read(&from, text, &read, &err));
        ck_assert_int_eq(err.kind, ERR_INPUT);
    }
    redact_clear();
    secrets = NULL;
    arena_free(arena);
}
END_TEST

SUITE("worker/paging/checkpoint", a_state_that_is_too_big_is_an_error, secrets_are_references,
      secrets_in_other_forms_are_sealed, an_empty_text_is_the_start,
      a_paging_that_began_anew_comes_back, an_end_that_waits_for_a_count_comes_back,
      counts_come_back, cursors_come_back, links_and_ends_come_back, foreign_texts_are_refused,
      the_state_of_another_type_is_refused, words_of_auto_go_with_auto,
      counts_that_cannot_be_are_refused)
