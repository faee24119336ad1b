#include "core/xml_json.h"

#include "base/mem.h"
#include "tests/support/cpu.h"
#include "tests/support/suite.h"

static struct err err;

static const char *read(struct arena *arena, const char *path, struct str text)
{
    struct path compiled;
    AUTO_BUF(json, MIB(16));
    err = (struct err)ERR_INIT;
    ck_assert_ok(path_compile(arena, str_from(path), &compiled, &err), err);
    struct xml_json xml = {.path = &compiled, .arena = arena};
    if (!xml_json_write(&xml, text, &json, &err))
        return arena_printf(arena, "%s%s", err.text, xml.is_truncated ? " (cut)" : "").ptr;
    for (size_t i = 0; i < xml.record_count; i++) {
        struct str sent = str_slice(text, xml.records[i].from, xml.records[i].to);
        ck_assert(str_starts(sent, STR("<")) && str_ends(sent, STR(">")));
    }
    return arena_cstr(arena, buf_str(&json));
}

START_TEST(what_other_paths_name_is_a_list_too)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct path path, lines, notes;
    AUTO_BUF(json, MIB(1));
    err = (struct err)ERR_INIT;
    ck_assert_ok(path_compile(arena, STR("r.o"), &path, &err), err);
    ck_assert_ok(path_compile(arena, STR("r.o[*].l.i[*].k"), &lines, &err), err);
    ck_assert_ok(path_compile(arena, STR("r.o[*].n"), &notes, &err), err);
    const struct path *const others[] = {&lines, &notes, &notes};
    struct xml_json xml = {
        .path = &path, .others = others, .other_count = COUNT_OF(others), .arena = arena};
    struct str text = STR("<r><o><l><i><k>1</k></i></l><n>x</n></o><o><l><i/></l></o></r>");
    ck_assert_ok(xml_json_write(&xml, text, &json, &err), err);
    ck_assert_str_eq(arena_cstr(arena, buf_str(&json)),
                     "{\"r\":{\"o\":[{\"l\":{\"i\":[{\"k\":[\"1\"]}]},\"n\":[\"x\"]},"
                     "{\"l\":{\"i\":[{\"k\":[]}]},\"n\":[]}]}}");
    ck_assert_uint_eq(xml.record_count, 2);
}
END_TEST

START_TEST(elements_become_objects)
{
    static const struct {
        const char *path, *xml, *json;
    } cases[] = {
        {".", "<a/>", "{\"a\":null}"},
        {".", "<?xml version='1.0'?>\n<a>x &amp; \"y\"</a>\n", "{\"a\":\"x & \\\"y\\\"\"}"},
        {".", "<a b='1' c=''>x</a>", "{\"a\":{\"@b\":\"1\",\"@c\":\"\",\"#text\":\"x\"}}"},
        {".", "<a> <b>1</b>\n<c/><b>2</b> </a>", "{\"a\":{\"b\":[\"1\",\"2\"],\"c\":null}}"},
        {".", "<a>x<b/>y</a>", "{\"a\":{\"b\":null,\"#text\":\"xy\"}}"},
        {".", "<a><![CDATA[<b>]]></a>", "{\"a\":\"<b>\"}"},
        {".", "<p:a xmlns:p='u' p:b='1'><p:c xsi:nil='true' xmlns:xsi='v'>x</p:c></p:a>",
         "{\"a\":{\"@b\":\"1\",\"c\":null}}"},
        {"r.i", "<r><i>1</i></r>", "{\"r\":{\"i\":[\"1\"]}}"},
        {"r.i", "<r><i><n>1</n></i><i n='2'/></r>",
         "{\"r\":{\"i\":[{\"n\":\"1\"},{\"@n\":\"2\"}]}}"},
        {"r.i", "<r><i>1</i><x/><i>2</i></r>", "{\"r\":{\"i\":[\"1\",\"2\"],\"x\":null}}"},
        {"r.i", "<r/>", "{\"r\":{\"i\":[]}}"},
        {"r.i", "<r><n>0</n></r>", "{\"r\":{\"n\":\"0\",\"i\":[]}}"},
        {"r.i", "<e><i/></e>", "{\"e\":{\"i\":null}}"},
        {"r.g[*].i", "<r><g n='a'><i>1</i></g><g><i>2</i><i>3</i></g><g/></r>",
         "{\"r\":{\"g\":[{\"@n\":\"a\",\"i\":[\"1\"]},{\"i\":[\"2\",\"3\"]},{\"i\":[]}]}}"},
        {"r.g[*].i", "<r><g><i/></g></r>", "{\"r\":{\"g\":[{\"i\":[null]}]}}"},
        {".", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;&e;</a>", "{\"a\":\"xx\"}"},
        {".", "<a>\n<b></a>", "line 2, column 6: mismatched tag"},
        {".", "<a><b>", "line 1, column 7: no element found (cut)"},
        {".", "<a>&nbsp;</a>", "line 1, column 4: undefined entity"},
        {".", "<!DOCTYPE a SYSTEM 'http://h/a.dtd'><a>&nbsp;</a>",
         "line 1, column 46: an entity is used that the text does not declare"},
        {".", "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>",
         "line 1, column 58: error in processing external entity reference"},
        {".", "{}", "line 1, column 1: not well-formed (invalid token)"},
    };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_eq(read(arena, cases[i].path, str_from(cases[i].xml)), cases[i].json);
}
END_TEST

START_TEST(what_grows_is_bounded)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(text, MIB(8));
    buf_puts(&text, "<!DOCTYPE a [<!ENTITY e0 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'>");
    for (int i = 1; i < 9; i++)
        buf_printf(&text, "<!ENTITY e%d '&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;'>",
                   i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    buf_puts(&text, "]><a>&e8;</a>");
    ck_assert_ptr_nonnull(strstr(read(arena, ".", buf_str(&text)), "amplification"));
    buf_reset(&text);
    for (int i = 0; i < 100000; i++)
        buf_puts(&text, "<a>");
    ck_assert_str_eq(read(arena, ".", buf_str(&text)), "elements nested deeper than 500");
    struct path whole = {0};
    struct xml_json xml = {.path = &whole, .arena = arena};
    AUTO_BUF(json, 10);
    ck_assert(!xml_json_write(&xml, STR("<a>0123456789</a>"), &json, &err));
}
END_TEST

/* <i/>, or each of another name. */
static void put_many(struct buf *text, int count, bool is_named)
{
    buf_reset(text);
    buf_puts(text, "<r>");
    for (int i = 0; i < count; i++)
        if (is_named)
            buf_printf(text, "<n%d/>", i);
        else
            buf_puts(text, "<i/>");
    buf_puts(text, "</r>");
}

/* It is read in one go, so what takes long is refused early. */
START_TEST(what_takes_long_is_refused)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(text, MIB(16));
    put_many(&text, XML_HELD_MAX + 2, false);
    ck_assert_ptr_nonnull(strstr(read(arena, ".", buf_str(&text)), "1,000,000 elements"));
    ck_assert_ptr_nonnull(strstr(read(arena, "r.i", buf_str(&text)), "1,000,000 records"));
    put_many(&text, XML_NAMES_MAX + 1, true);
    ck_assert_ptr_nonnull(strstr(read(arena, ".", buf_str(&text)), "65,536 names"));
    put_many(&text, XML_HELD_MAX / 2, false);
    ck_assert_uint_gt(strlen(read(arena, ".", buf_str(&text))), 1000000);
}
END_TEST

/* Many elements of as many names, and as many records, take some hundredths of a second. */
START_TEST(the_time_is_that_of_the_length)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(text, MIB(8));
    int64_t before = cpu_ms();
    buf_puts(&text, "<r>");
    for (int i = 0; i < 50000; i++)
        buf_printf(&text, "<n%d/><i><a>%d</a><b/><a/></i>", i, i);
    buf_puts(&text, "</r>");
    ck_assert_uint_gt(strlen(read(arena, "r.i", buf_str(&text))), 1000000);
    ck_assert_int_lt(cpu_ms() - before, 5000);
}
END_TEST

SUITE("core/xml_json", what_other_paths_name_is_a_list_too, elements_become_objects,
      what_grows_is_bounded, what_takes_long_is_refused, the_time_is_that_of_the_length)
