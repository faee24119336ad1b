#include "config/responses.h"

#include "config/keys.h"
#include "config/node.h"
#include "tests/support/suite.h"

static struct response_rule read_rule(struct arena *arena, const char *text, struct buf *out)
{
    struct problems problems = {.arena = arena, .file = STR("f"), .out = out};
    struct reader reader = {.arena = arena, .problems = &problems};
    struct yaml_node *map =
        node_from_text(arena, arena_printf(arena, "{responses: [%s]}", text).ptr);
    struct stream stream = {.responses = ARENA_NEW(arena, struct response_rule),
                            .response_count = 1};
    keys_read(&reader, &response_keys, yaml_find(map, "responses")->items[0], stream.responses);
    responses_check(&reader, map, &stream);
    return stream.responses[0];
}

static struct response_rule good(struct arena *arena, const char *text)
{
    AUTO_BUF(out, KIB(4));
    struct response_rule rule = read_rule(arena, text, &out);
    ck_assert_msg(out.len == 0, "%s: %s", text, out.ptr);
    return rule;
}

static void check_status(const char *text, int from, int to)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct response_rule rule =
        good(arena, arena_printf(arena, "{status: %s, then: fail}", text).ptr);
    const struct status_range *last = &rule.statuses[rule.status_count - 1];
    ck_assert_msg(last->from == from && last->to == to, "%s: %d..%d", text, last->from,
                  last->to);
}

START_TEST(a_status_is_a_number_or_a_class)
{
    check_status("404", 404, 404);
    check_status("4xx", 400, 499);
    check_status("5XX", 500, 599);
    check_status("[404, 1xx]", 100, 199);
}
END_TEST

START_TEST(a_wait_is_a_time_or_a_place)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct response_rule timed = good(arena, "{status: 429, then: retry, wait: 30s}");
    ck_assert_int_eq(timed.wait.ms, 30000);
    ck_assert_int_eq(timed.wait.server_wait.kind, LOCATOR_NONE);
    struct response_rule placed = good(arena, "{status: 429, then: retry, wait: 'header:X-W'}");
    ck_assert_int_eq(placed.wait.ms, -1);
    ck_assert_int_eq(placed.wait.server_wait.kind, LOCATOR_HEADER);
    ck_assert_int_eq(good(arena, "{status: 429, then: retry}").wait.ms, -1);
}
END_TEST

START_TEST(a_rule_knows_whether_it_reads_the_body)
{
    struct arena *arena AUTO_ARENA = arena_new();
    ck_assert(!good(arena, "{status: 404, then: empty}").reads_body);
    ck_assert(!good(arena, "{when: '{{ http.status == 404 }}', then: end}").reads_body);
    ck_assert(good(arena, "{when: '{{ response.error }}', then: fail}").reads_body);
    ck_assert(
        good(arena, "{status: 400, then: fail, message: '{{ response.error }}'}").reads_body);
    ck_assert(good(arena, "{status: 429, then: retry, wait: meta.after}").reads_body);
    ck_assert(!good(arena, "{status: 429, then: retry, wait: 'header:X-W'}").reads_body);
}
END_TEST

START_TEST(each_problem_is_named)
{
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"{status: 600, then: fail}", "must be a status like 404 or 4xx, or a list of them"},
        {"{status: [40x], then: fail}", "must be a status like 404 or 4xx\n"},
        {"{status: [], then: fail}", "names no status"},
        {"{status: 404}", "the key \"then\" is missing"},
        {"{then: fail}", "needs \"status\", \"content_type\" or \"when\""},
        {"{status: 404, then: fail, wait: 1}", "belongs to \"then: retry\""},
        {"{when: always, then: fail}", "must be one expression in {{ }}"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *arena AUTO_ARENA = arena_new();
        AUTO_BUF(out, KIB(4));
        read_rule(arena, cases[i].text, &out);
        ck_assert_msg(str_find(buf_str(&out), str_from(cases[i].problem)) >= 0, "%s: %s",
                      cases[i].text, out.ptr);
    }
}
END_TEST

SUITE("config/responses", a_status_is_a_number_or_a_class, a_wait_is_a_time_or_a_place,
      a_rule_knows_whether_it_reads_the_body, each_problem_is_named)
