#include "worker/signs/pager_words.h"

#include "tests/support/suite.h"

/* Which locator a type reads is in the third column. */
static const struct {
    const char *words;
    enum pagination_type type;
    const char *reads, *source, *param;
} table[] = {
    {"link_header", PAGINATE_LINK_HEADER, "", "", ""},
    {"next_url links.next -", PAGINATE_NEXT_URL, "next", "links.next", "-"},
    {"cursor meta.next after", PAGINATE_CURSOR, "cursor", "meta.next", "after"},
    {"page meta.last_page page", PAGINATE_PAGE, "total_pages", "meta.last_page", "page"},
    {"page_total total page", PAGINATE_PAGE, "total", "total", "page"},
    {"page_flag has_more page", PAGINATE_PAGE, "has_more", "has_more", "page"},
    {"offset total offset", PAGINATE_OFFSET, "total", "total", "offset"},
    {"offset_flag more offset", PAGINATE_OFFSET, "has_more", "more", "offset"},
    {"page_end last page", PAGINATE_PAGE, "has_more", "last", "page"},
    {"offset_pages pages skip", PAGINATE_OFFSET, "total_pages", "pages", "skip"},
    {"params continue -", PAGINATE_CURSOR, "cursor", "continue", "-"},
    {"last_id data[-1].id starting_after", PAGINATE_CURSOR, "cursor", "data[-1].id",
     "starting_after"},
    {"page_open - page", PAGINATE_PAGE, "", "", "page"},
    {"offset_open - skip", PAGINATE_OFFSET, "", "", "skip"},
    {"later x y", PAGINATE_NONE, "", "", "y"},
};

static const struct pagination automatic = {.type = PAGINATE_AUTO};

START_TEST(words_mean_a_pagination)
{
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct str words;
        const struct pagination *how =
            pager_words_parse(arena, str_from(table[i].words), &automatic, &words);
        const struct {
            const char *name;
            const struct locator *locator;
        } places[] = {{"next", &how->next},
                      {"cursor", &how->cursor},
                      {"total_pages", &how->total_pages},
                      {"total", &how->total},
                      {"has_more", &how->has_more}};
        ck_assert_str_is(words, table[i].words);
        ck_assert_int_eq(how->type, table[i].type);
        ck_assert_str_is(how->param.name, table[i].param);
        for (size_t j = 0; j < COUNT_OF(places); j++) {
            bool is_read = strcmp(places[j].name, table[i].reads) == 0;
            ck_assert_msg(is_read == (places[j].locator->kind != LOCATOR_NONE), "%s: %s",
                          table[i].words, places[j].name);
            if (is_read)
                ck_assert_str_is(places[j].locator->source, table[i].source);
        }
    }
}
END_TEST

START_TEST(what_the_definition_names_stands_instead)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str words;
    struct pagination declared = automatic;
    declared.total.kind = LOCATOR_BODY;
    declared.total.source = STR("stats.n");
    ck_assert_str_is(
        pager_words_parse(arena, STR("page_total total page"), &declared, &words)->total.source,
        "stats.n");
}
END_TEST

START_TEST(a_cursor_may_have_a_flag_and_go_into_the_body)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str words;
    const struct pagination *how = pager_words_parse(
        arena, STR("cursor_end nextPageStart body:a.start isLastPage"), &automatic, &words);
    ck_assert_str_is(how->cursor.source, "nextPageStart");
    ck_assert_str_is(how->has_more.source, "isLastPage");
    ck_assert(how->is_flag_of_end && how->flag_absent == 1);
    ck_assert_int_eq(how->param.place, PLACE_BODY);
    ck_assert_uint_eq(how->param.path.count, 2);
    ck_assert_str_is(pager_words_hint(arena, STR("wrong"), how),
                     "wrong; write how it is, such as pagination: {type: cursor, param: "
                     "\"body:a.start\", cursor_path: \"nextPageStart\", has_more_path: "
                     "\"isLastPage\"}");
}
END_TEST

/* The words come from a page that goes; the pagination lasts as long as its own arena. */
START_TEST(nothing_is_borrowed_from_the_words)
{
    AUTO_ARENA struct arena *arena = arena_new();
    char text[] = "cursor next after";
    struct str words;
    const struct pagination *how = pager_words_parse(arena, str_from(text), &automatic, &words);
    memset(text, 'x', sizeof text - 1);
    ck_assert_str_is(words, "cursor next after");
    ck_assert_str_is(how->cursor.source, "next");
    ck_assert_str_is(how->param.name, "after");
}
END_TEST

START_TEST(there_is_a_ceiling)
{
    AUTO_ARENA struct arena *arena = arena_new();
    char text[PAGER_WORDS_MAX + 1] = "";
    memset(text, 'a', PAGER_WORDS_MAX);
    struct str words = STR("left alone");
    ck_assert_ptr_null(pager_words_parse(arena, str_from(text), &automatic, &words));
    ck_assert_str_is(words, "left alone");
    ck_assert_ptr_nonnull(pager_words_parse(arena, str_from(text + 1), &automatic, &words));
}
END_TEST

SUITE("worker/signs/pager_words", words_mean_a_pagination,
      what_the_definition_names_stands_instead, a_cursor_may_have_a_flag_and_go_into_the_body,
      nothing_is_borrowed_from_the_words, there_is_a_ceiling)
