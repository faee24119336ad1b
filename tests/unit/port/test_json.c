#include "port/json.h"

#include "tests/support/suite.h"

START_TEST(writes_what_was_set_in_order)
{
    struct arena *arena = arena_new();
    struct json *json = json_new();
    json_set_str(json, STR("id"), STR("a\"b\n"));
    json_set_int(json, "run", 7);
    json_set_str(json, STR("id"), STR("ü"));
    json_set_str(json, STR("bad"), STR("\xFF"));
    ck_assert_str_is(json_write(json, arena), "{\"id\":\"ü\",\"run\":7,\"bad\":null}");
    json_free(json);
    arena_free(arena);
}
END_TEST

START_TEST(reads_what_it_wrote)
{
    struct json *json;
    struct err err = ERR_INIT;
    ck_assert_ok(json_parse(STR("{\"state\":\"started\",\"run\":12}"), &json, &err), err);
    ck_assert_str_is(json_get_str(json, "state"), "started");
    ck_assert_int_eq(json_get_int(json, "run"), 12);
    ck_assert_uint_eq(json_get_str(json, "run").len, 0);
    ck_assert_uint_eq(json_get_str(json, "reason").len, 0);
    json_free(json);
}
END_TEST

START_TEST(refuses_what_is_no_object)
{
    static const char *const cases[] = {"", "[1]", "{\"a\":1,\"a\":2}", "{", "{} x"};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json *json;
        struct err err = ERR_INIT;
        ck_assert_msg(!json_parse(str_from(cases[i]), &json, &err), "%s", cases[i]);
        ck_assert_int_eq(err.kind, ERR_INPUT);
    }
}
END_TEST

SUITE("port/json", writes_what_was_set_in_order, reads_what_it_wrote, refuses_what_is_no_object)
