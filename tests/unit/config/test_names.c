#include "config/names.h"

#include "config/keys.h"
#include "config/node.h"
#include "tests/support/suite.h"

/* One template for each moment and right that names_check tells apart. */
struct sample {
    struct template plain, secret, must_be_secret, on_answer, on_page, on_record;
    struct locator locator;
};

#define TEMPLATE(text, member, bits)                                                           \
    {                                                                                          \
        .name = (text), .type = KEY_TEMPLATE, .flags = (bits), AT(struct sample, member)       \
    }

static const struct key sample_list[] = {
    TEMPLATE("plain", plain, 0),
    TEMPLATE("secret", secret, KEY_SECRETS),
    TEMPLATE("must_be_secret", must_be_secret, KEY_SECRETS | KEY_IS_SECRET),
    TEMPLATE("on_answer", on_answer, KEY_ON_ANSWER),
    TEMPLATE("on_page", on_page, KEY_ON_PAGE),
    TEMPLATE("on_record", on_record, KEY_ON_PAGE | KEY_ON_RECORD),
    {.name = "locator", .type = KEY_LOCATOR, AT(struct sample, locator)},
    KEY_END,
};
static const struct keys sample_keys = {sample_list, sizeof(struct sample)};

/* Records are at `data`; there is one variable, `region`. */
static struct stream check_names(struct arena *arena, const char *text, struct buf *out)
{
    struct problems problems = {.arena = arena, .file = STR("f"), .out = out};
    struct reader reader = {.arena = arena, .problems = &problems};
    struct named_template var = {.name = STR("region")};
    struct stream stream = {
        .vars = &var, .var_count = 1, .bookmark = {.path = {.source = STR("at")}}};
    struct sample sample;
    struct names names;
    struct err err = ERR_INIT;
    ck_assert_ok(path_compile(arena, STR("data"), &stream.merge.path, &err), err);
    names_start(&names, &reader);
    keys_read(&reader, &sample_keys, node_from_text(arena, text), &sample);
    names_check(&names, &reader, &stream);
    return stream;
}

static struct stream good(struct arena *arena, const char *text)
{
    AUTO_BUF(out, KIB(4));
    struct stream stream = check_names(arena, text, &out);
    ck_assert_msg(out.len == 0, "%s: %s", text, out.ptr);
    return stream;
}

START_TEST(built_in_names_variables_and_fields_are_known)
{
    struct arena *arena AUTO_ARENA = arena_new();
    good(arena, "{plain: '{{ pager.page }} {{ region }} {{ run.id }} {{ now }}'}");
    good(arena, "{on_record: '{{ any_field > 1 }}'}");
    good(arena, "{secret: '{{ env.TOKEN }}', must_be_secret: 'a {{ secrets.b }}'}");
}
END_TEST

START_TEST(each_problem_is_named)
{
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"{plain: '{{ regoin }}'}", "unknown name \"regoin\"; did you mean \"region\"?"},
        {"{plain: '{{ xyzzy1 }}'}", "unknown name \"xyzzy1\": it is not built in"},
        {"{plain: '{{ pager.pgae }}'}",
         "\"pager\" has page, offset, size, cursor, but no \"pgae\""},
        {"{plain: '{{ env.TOKEN }}'}", "\"env\" may be used in auth, headers, params,"},
        {"{must_be_secret: abc}", "a secret does not stand in a definition"},
        {"{plain: '{{ partition.x }}'}", "\"partition\" needs \"partitions\""},
        {"{plain: '{{ accumulated[0] }}'}", "of \"accumulated\" there is only"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *arena AUTO_ARENA = arena_new();
        AUTO_BUF(out, KIB(4));
        check_names(arena, cases[i].text, &out);
        ck_assert_msg(str_find(buf_str(&out), str_from(cases[i].problem)) >= 0, "%s: %s",
                      cases[i].text, out.ptr ? out.ptr : "");
    }
}
END_TEST

START_TEST(records_are_kept_only_for_what_reads_them_later)
{
    struct arena *arena AUTO_ARENA = arena_new();
    ck_assert(good(arena, "{plain: '{{ response.data[0].id }}'}").needs_response_records);
    ck_assert(good(arena, "{plain: '{{ response }}'}").needs_response_records);
    ck_assert(good(arena, "{locator: 'data[-1].id'}").needs_response_records);
    ck_assert(!good(arena, "{plain: '{{ response.meta.next }}'}").needs_response_records);
    ck_assert(!good(arena, "{locator: meta.next}").needs_response_records);
    ck_assert(!good(arena, "{on_answer: '{{ response.data }}'}").needs_response_records);
    ck_assert(!good(arena, "{on_page: '{{ response.data }}'}").needs_response_records);
}
END_TEST

START_TEST(what_is_read_of_a_page_is_noted)
{
    struct arena *arena AUTO_ARENA = arena_new();
    ck_assert(good(arena, "{on_page: '{{ response.meta }}'}").merge.reads_response);
    ck_assert(!good(arena, "{plain: '{{ response.meta }}'}").merge.reads_response);
    ck_assert(good(arena, "{plain: '{{ accumulated[-1].id }}'}").uses_last_record);
    ck_assert(!good(arena, "{plain: '{{ accumulated | length }}'}").uses_last_record);
    ck_assert(good(arena, "{plain: '{{ window.start }}'}").uses_window);
    ck_assert(!good(arena, "{plain: '{{ bookmark.value }}'}").uses_window);
}
END_TEST

SUITE("config/names", built_in_names_variables_and_fields_are_known, each_problem_is_named,
      records_are_kept_only_for_what_reads_them_later, what_is_read_of_a_page_is_noted)
