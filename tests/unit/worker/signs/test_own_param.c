#include "worker/signs/own_param.h"

#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"

#define POST "path: /x, method: POST, idempotent: true, "

/* Keys of a stream, words, and the words behind them in order; NULL ends them. */
static const struct {
    const char *stream, *words, *others[KNOWN_PARAMS_MAX];
} table[] = {
    {"path: /x",
     "cursor meta.next_batch from",
     {"cursor meta.next_batch since", "cursor meta.next_batch next_batch"}},
    {"path: /x",
     "cursor_flag next_cursor cursor has_more",
     {"cursor_flag next_cursor start_cursor has_more",
      "cursor_flag next_cursor next_cursor has_more"}},
    {"path: /x", "cursor LastEvaluatedKey ExclusiveStartKey", {0}},
    {"path: /x", "cursor header:x-next-cursor cursor", {0}},
    {"path: /x", "link_header", {0}},
    {"path: /x", "next_url next -", {0}},
    {"path: /x", "page pages page", {"page pages page[number]", "page pages pagination[page]"}},
    {"path: /x", "page pages _page", {0}},
    {"path: /x", "offset total offset", {"offset total skip", "offset total start"}},
    {"path: /x",
     "cursor next page",
     {"cursor next page[number]", "cursor next pagination[page]"}},
    {"path: /x", "cursor next cursor", {"cursor next next", "cursor next start"}},
    {"path: /x",
     "last_id data[-1].id starting_after has_more",
     {"last_id data[-1].id after has_more", "last_id data[-1].id after_id has_more"}},
    /* the stream's own are certain, or mean something else */
    {"path: /x, params: {from: b}", "cursor next_batch from", {0}},
    {"path: /x, params: {from: b}",
     "cursor next_batch since",
     {"cursor next_batch next_batch"}},
    {"path: /x, params: {page: 1}", "page pages page", {0}},
    {POST "body: {limit: 2}",
     "cursor next_batch body:from",
     {"cursor next_batch body:since", "cursor next_batch body:next_batch"}},
    {POST "body: {limit: 2, from: null}", "cursor next_batch body:from", {0}},
    {POST "body: {query: 'query($after: String) {a}'}",
     "cursor_flag a.pageInfo.endCursor body:variables.after a.pageInfo.hasNextPage",
     {0}},
};

START_TEST(the_names_behind_follow_in_their_order)
{
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        const struct stream *stream = exchange_fixture_stream(arena, "", table[i].stream);
        for (size_t n = 1; n <= KNOWN_PARAMS_MAX; n++) {
            const char *wanted = table[i].others[n - 1];
            struct str got = STR_NONE;
            bool is_there = param_names_other(str_from(table[i].words), stream, n, arena, &got);
            ck_assert_msg(is_there == (wanted != NULL) && (!wanted || str_is(got, wanted)),
                          "%s behind %s (%s): %.*s", wanted ? wanted : "nothing",
                          table[i].words, table[i].stream, STR_ARG(got));
        }
    }
}
END_TEST

SUITE("worker/signs/own_param", the_names_behind_follow_in_their_order)
