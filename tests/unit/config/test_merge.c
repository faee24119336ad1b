#include "config/merge.h"

#include "config/node.h"
#include "tests/support/suite.h"

/* Merges the stream `o` of a source and compares one member, as JSON; NULL: there is none. */
static void check_member(const char *source, const char *key, const char *json)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(out, KIB(4));
    struct problems problems = {.arena = arena, .file = STR("f"), .out = &out};
    struct reader reader = {.arena = arena, .problems = &problems};
    const struct yaml_node *root = node_from_text(arena, source);
    const struct yaml_node *stream = yaml_find(yaml_find(root, "streams"), "o");
    struct yaml_node *map = merge_stream(&reader, root, stream);
    merge_lift(&reader, map);
    merge_own_limits(&reader, root, stream, map);
    const struct yaml_node *node = yaml_find(map, key);
    AUTO_BUF(text, KIB(4));
    if (node)
        value_format(&text, node_value(arena, node));
    ck_assert_msg(node ? json && str_is(buf_str(&text), json) : !json, "%s: %.*s", source,
                  STR_ARG(buf_str(&text)));
    ck_assert_uint_eq(problems.count, 0);
}

START_TEST(the_last_layer_that_has_a_key_wins)
{
    check_member("{max_wait: 1, defaults: {max_wait: 2}, streams: {o: {max_wait: 3}}}",
                 "max_wait", "3");
    check_member("{max_wait: 1, defaults: {max_wait: 2}, streams: {o: {}}}", "max_wait", "2");
    check_member("{max_wait: 1, streams: {o: {}}}", "max_wait", "1");
    check_member("{streams: {o: {}}}", "max_wait", NULL);
}
END_TEST

START_TEST(open_maps_are_merged_by_key)
{
    check_member("{params: {a: 1, b: 2}, streams: {o: {params: {b: 3, c: 4}}}}", "params",
                 "{\"a\":1,\"b\":3,\"c\":4}");
    check_member("{params: {a: 1, b: 2}, streams: {o: {params: {a: null}}}}", "params",
                 "{\"b\":2}");
    check_member("{params: {a: 1}, streams: {o: {params: null}}}", "params", "{\"a\":1}");
    check_member("{params: {a: 1}, streams: {o: {params: x}}}", "params", "\"x\"");
}
END_TEST

START_TEST(headers_are_merged_without_regard_to_case)
{
    check_member("{headers: {Accept: text/csv, X-Team: a}, defaults: {headers: {x-team: b}},"
                 " streams: {o: {headers: {Accept: null, X-A: '1'}}}}",
                 "headers", "{\"x-team\":\"b\",\"X-A\":\"1\"}");
    check_member("{params: {a: 1}, streams: {o: {params: {A: 2}}}}", "params",
                 "{\"a\":1,\"A\":2}");
}
END_TEST

START_TEST(other_maps_are_taken_whole)
{
    check_member("{defaults: {pagination: {type: page, size: 5}},"
                 " streams: {o: {pagination: {type: page}}}}",
                 "pagination", "{\"type\":\"page\"}");
}
END_TEST

START_TEST(what_belongs_beside_pagination_is_lifted)
{
    const char *source = "{streams: {o: {loop: {pagination: {type: page, merge_path: data}}}}}";
    check_member(source, "merge_path", "\"data\"");
    check_member(source, "pagination", "{\"type\":\"page\"}");
}
END_TEST

START_TEST(a_limit_of_a_stream_is_its_own)
{
    check_member("{rate_limit: {requests: 1}, streams: {o: {}}}", "rate_limit",
                 "{\"requests\":1}");
    check_member("{rate_limit: {requests: 1}, streams: {o: {rate_limit: {requests: 2}}}}",
                 "rate_limit", "{\"requests\":2,\"scope\":\"stream\"}");
    check_member("{streams: {o: {rate_limit: [{requests: 2, scope: source}, {requests: 3}]}}}",
                 "rate_limit",
                 "[{\"requests\":2,\"scope\":\"source\"},"
                 "{\"requests\":3,\"scope\":\"stream\"}]");
}
END_TEST

START_TEST(the_parsed_tree_does_not_change)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct problems problems = {.arena = arena};
    struct reader reader = {.arena = arena, .problems = &problems};
    const struct yaml_node *root = node_from_text(
        arena, "{headers: {A: 1}, defaults: {rate_limit: {requests: 1}},"
               " streams: {o: {headers: {A: null}, pagination: {merge_path: x}}}}");
    AUTO_BUF(before, KIB(4));
    AUTO_BUF(after, KIB(4));
    value_format(&before, node_value(arena, root));
    const struct yaml_node *stream = yaml_find(yaml_find(root, "streams"), "o");
    struct yaml_node *map = merge_stream(&reader, root, stream);
    merge_lift(&reader, map);
    merge_own_limits(&reader, root, stream, map);
    merge_add_text(arena, map, "table", STR("t"));
    value_format(&after, node_value(arena, root));
    ck_assert(str_eq(buf_str(&before), buf_str(&after)));
    ck_assert(str_is(yaml_find(map, "table")->text, "t"));
}
END_TEST

SUITE("config/merge", the_last_layer_that_has_a_key_wins, open_maps_are_merged_by_key,
      headers_are_merged_without_regard_to_case, other_maps_are_taken_whole,
      what_belongs_beside_pagination_is_lifted, a_limit_of_a_stream_is_its_own,
      the_parsed_tree_does_not_change)
