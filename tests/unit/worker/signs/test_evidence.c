#include "worker/signs/evidence.h"

#include "tests/support/exchange_fixture.h"
#include "tests/support/suite.h"
#include "worker/paging/pager_decide.h"

static struct exchange_fixture fixture;
static struct pager_decision decision;

struct answer {
    const char *pagination; /* keys of the stream */
    const char *body;       /* without its records */
    const char *url;        /* that it was read from */
    struct http_header header;
    int64_t seen;
    enum pager_outcome outcome;
    enum job_complete complete;
    const char *why; /* a part of complete_why */
};

static void decide(const struct answer *answer)
{
    char keys[256];
    struct pager next;
    if (fixture.arena)
        exchange_fixture_close(&fixture);
    snprintf(keys, sizeof keys, "path: /x, merge_path: data, %s", answer->pagination);
    exchange_fixture_open(&fixture, "", keys);
    fixture.scope.response = exchange_fixture_value(fixture.arena, answer->body);
    struct pager_facts facts = {.url = str_from(answer->url),
                                .home_url = STR("https://h.example/x"),
                                .headers = &answer->header,
                                .header_count = answer->header.name.len ? 1 : 0,
                                .seen = answer->seen,
                                .taken = answer->seen,
                                .stream = fixture.stream,
                                .scope = &fixture.scope.expr,
                                .leg_arena = fixture.arena};
    decision = pager_decide(&fixture.pager, &facts, fixture.arena, &next, &fixture.err);
}

#define URL    "https://h.example/x"
#define CURSOR "pagination: {type: cursor, cursor_path: next, param: c}"
#define AUTO   "pagination: {type: auto}"

static const struct answer answers[] = {
    /* a count of all that was reached */
    {CURSOR, "{\"total\": 3}", URL, {}, 3, PAGER_END, COMPLETE_PROVED, "total is 3"},
    {AUTO, "{\"total\": 3}", URL, {}, 3, PAGER_END, COMPLETE_PROVED, "total is 3"},
    {CURSOR,
     "{\"hits\": {\"total\": {\"value\": 3, \"relation\": \"eq\"}}}",
     URL,
     {},
     3,
     PAGER_END,
     COMPLETE_PROVED,
     "hits.total is 3"},
    {CURSOR,
     "{}",
     URL,
     {STR_INIT("x-total-count"), STR_INIT("3")},
     3,
     PAGER_END,
     COMPLETE_PROVED,
     "x-total-count is 3"},
    {CURSOR,
     "{}",
     URL,
     {STR_INIT("content-range"), STR_INIT("items 0-2/3")},
     3,
     PAGER_END,
     COMPLETE_PROVED,
     "content-range is 3"},
    /* one that was not */
    {CURSOR,
     "{\"@odata.count\": 4}",
     URL,
     {},
     3,
     PAGER_TRUNCATED,
     COMPLETE_CONTRADICTED,
     "['@odata.count'] is 4 and 3 were read"},
    {AUTO,
     "{\"meta\": {\"total_count\": 235}}",
     URL,
     {},
     20,
     PAGER_TRUNCATED,
     COMPLETE_CONTRADICTED,
     "meta.total_count is 235 and 20 were read"},
    {CURSOR,
     "{}",
     URL,
     {STR_INIT("x-total"), STR_INIT("4")},
     3,
     PAGER_TRUNCATED,
     COMPLETE_CONTRADICTED,
     "x-total is 4"},
    /* one that is none */
    {CURSOR, "{\"next\": null, \"total\": 10000}", URL, {}, 3, PAGER_END, COMPLETE_TOLD, ""},
    {CURSOR,
     "{\"next\": null, \"total\": {\"value\": 9, \"relation\": \"gte\"}}",
     URL,
     {},
     3,
     PAGER_END,
     COMPLETE_TOLD,
     ""},
    {CURSOR,
     "{\"next\": null}",
     URL,
     {STR_INIT("content-range"), STR_INIT("bytes 0-2/300")},
     3,
     PAGER_END,
     COMPLETE_TOLD,
     ""},
    {CURSOR,
     "{\"count\": 50}",
     URL,
     {},
     50,
     PAGER_END,
     COMPLETE_ASSUMED,
     "next holds no cursor"},
    /* more that is not followed */
    {CURSOR,
     "{\"@odata.nextLink\": \"https://h.example/x?s=2\"}",
     URL,
     {},
     3,
     PAGER_TRUNCATED,
     COMPLETE_CONTRADICTED,
     "['@odata.nextLink'] holds a next link"},
    {CURSOR,
     "{\"meta\": {\"has_more\": true}}",
     URL,
     {},
     3,
     PAGER_TRUNCATED,
     COMPLETE_CONTRADICTED,
     "meta.has_more is true"},
    {"pagination: {type: none}",
     "{\"total\": 9}",
     URL,
     {},
     3,
     PAGER_END,
     COMPLETE_ASSUMED,
     "total is 9"},
    /* nothing is said */
    {AUTO, "{}", URL, {}, 3, PAGER_END, COMPLETE_ASSUMED, "one page"},
    {AUTO, "{}", URL "?limit=3", {}, 3, PAGER_END, COMPLETE_ASSUMED, "as were asked for"},
};

START_TEST(the_end_has_its_evidence)
{
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        const struct answer *answer = &answers[i];
        decide(answer);
        ck_assert_msg(decision.outcome == answer->outcome &&
                          decision.complete == answer->complete &&
                          str_find(decision.complete_why, str_from(answer->why)) >= 0,
                      "%s of %lld by %s: outcome %d, complete %d: %.*s", answer->body,
                      (long long)answer->seen, answer->pagination, (int)decision.outcome,
                      (int)decision.complete, STR_ARG(decision.complete_why));
    }
}
END_TEST

START_TEST(an_end_that_is_assumed_is_a_warning)
{
    const struct answer one_page = {.pagination = AUTO, .body = "{}", .url = URL, .seen = 3};
    const struct answer wanted = {
        .pagination = "pagination: {type: none}", .body = "{}", .url = URL, .seen = 3};
    decide(&one_page);
    ck_assert_int_ge(str_find(decision.warning, STR("not proved to be all")), 0);
    decide(&wanted);
    ck_assert_uint_eq(decision.warning.len, 0);
}
END_TEST

SUITE("worker/signs/evidence", the_end_has_its_evidence, an_end_that_is_assumed_is_a_warning)
