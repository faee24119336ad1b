#define SUITE_TIMEOUT 180
#include "tests/support/docs.h"
#include "tests/support/flow.h"
#include "tests/support/suite.h"

/*
 * `pagetide import`. The examples of docs/import.md are what it prints, and a sync by each
 * brings all rows (tests/tables/import_runs.txt); tests/unit/config/import has the formats.
 */
static const char manual[] = "docs/import.md", host[] = "https://api.shop.example";
static struct flow_bench bench;

static const char *line_text(struct str line)
{
    return pagetide_text("%.*s", STR_ARG(line));
}

static void set_variable(const struct block *test)
{
    struct str line, name, value;
    str_split(test->head, '\n', &line);
    value = str_split(line, ' ', &name);
    setenv(line_text(name), line_text(value), 1);
}

/* The definition that the document shows, made anew. */
static const char *import_example(const struct block *test)
{
    const char *title = line_text(test->title);
    struct str shown = docs_block_after(manual, pagetide_text("<!-- %s becomes -->", title));
    struct str input = docs_block_after(manual, pagetide_text("<!-- %s -->", title));
    pagetide_file(&bench.pagetide, pagetide_text("%s.yaml", title), line_text(input));
    struct pagetide_result got =
        pagetide_run(&bench.pagetide, "import %s/%s.yaml", bench.pagetide.dir, title);
    ck_assert_msg(got.code == 0, "%s", got.err);
    ck_assert_msg(!strcmp(got.out, line_text(shown)), "%s shows\n%.*s\nit is\n%s", manual,
                  STR_ARG(shown), got.out);
    return got.out;
}

static void sync_lines(struct str lines)
{
    struct str line;
    while (lines.len) {
        lines = str_split(lines, '\n', &line);
        if (!line.len)
            continue;
        struct pagetide_result got = pagetide_run(&bench.pagetide, "%.*s", STR_ARG(line));
        ck_assert_msg(got.code == 0, "%.*s: %s%s", STR_ARG(line), got.out, got.err);
    }
}

static void expect_lines(const struct block *test, struct str lines)
{
    struct str line, answer;
    while (lines.len) {
        lines = str_split(lines, '\n', &line);
        struct str question = str_trim(str_split(line, '|', &answer));
        if (!line.len)
            continue;
        const char *got = pagetide_sql(&bench.pagetide, "%.*s", STR_ARG(question));
        ck_assert_msg(str_eq(str_trim(answer), str_from(got)), "%.*s: %.*s: %s",
                      STR_ARG(test->title), STR_ARG(question), got);
    }
}

START_TEST(the_manuals_examples_bring_all_rows)
{
    static const char *const titles[] = {"dlt", "airbyte", "noetl", "meltano"};
    struct arena *arena AUTO_ARENA = arena_new();
    struct blocks all = blocks_read(arena, "tests/tables/import_runs.txt");
    ck_assert_uint_eq(all.count, COUNT_OF(titles));
    choice_apply(&all);
    for (size_t i = 0; i < all.count; i++) {
        flow_open(&bench);
        set_variable(&all.items[i]);
        flow_script(&bench, &all.items[i]);
        const char *definition = import_example(&all.items[i]);
        pagetide_file(&bench.pagetide, "sources/shop.yaml",
                      docs_replaced(str_from(definition), host, bench.mock.url));
        sync_lines(block_part(&all.items[i], "sync"));
        expect_lines(&all.items[i], block_part(&all.items[i], "expect"));
        flow_close(&bench);
    }
}
END_TEST

static const char *sample(const char *name, const char *text)
{
    pagetide_file(&bench.pagetide, name, text);
    return pagetide_text("%s/%s", bench.pagetide.dir, name);
}

START_TEST(a_file_is_written_once)
{
    flow_open(&bench);
    const char *input = sample("dlt.json", "{\"client\": {\"base_url\": \"https://h.example\", "
                                           "\"auth\": {\"token\": \"planted-1\"}}, "
                                           "\"resources\": [\"orders\"]}");
    const char *file = pagetide_text("%s/sources/h.yaml", bench.pagetide.dir);
    pagetide_file(&bench.pagetide, "sources/other.yaml",
                  "source: other\nbase_url: https://o.example\nstreams: {a: {path: /a}}\n");
    struct pagetide_result got =
        pagetide_run(&bench.pagetide, "import %s --save %s", input, file);
    ck_assert_msg(got.code == 0, "%s", got.err);
    ck_assert_str_eq(got.out, "");
    expect_holds(got.err, "dlt: 1 stream of h");
    expect_holds(got.err, "set H_TOKEN");
    expect_holds(got.err, "1 thing to look at");
    expect_lacks(got.err, "planted");
    expect_holds(pagetide_read(file), "token: \"{{ env.H_TOKEN }}\"");
    expect_lacks(pagetide_read(file), "planted");
    setenv("H_TOKEN", "x", 1);
    pagetide_expect(&bench.pagetide, 0, "check");
    got = pagetide_run(&bench.pagetide, "import %s --save %s", input, file);
    ck_assert_int_eq(got.code, 2);
    expect_holds(got.err, "File exists");
    flow_close(&bench);
}
END_TEST

START_TEST(json_has_it_all)
{
    flow_open(&bench);
    const char *input = sample("tap.json", "{\"api_url\": \"https://h.example\", \"streams\": "
                                           "[{\"name\": \"a\", \"path\": \"/a\"}]}");
    const char *out =
        pagetide_expect(&bench.pagetide, 0, pagetide_text("import %s --json", input)).out;
    ck_assert_str_eq(pagetide_json(out, "from"), "meltano");
    ck_assert_str_eq(pagetide_json(out, "source"), "h");
    ck_assert_str_eq(pagetide_json(out, "streams"), "1");
    ck_assert_str_eq(pagetide_json(out, "gaps"), "0");
    expect_holds(pagetide_json(out, "definition"), "source: h\n");
    flow_close(&bench);
}
END_TEST

START_TEST(what_is_no_file_of_them_is_refused)
{
    flow_open(&bench);
    const char *unfinished =
        sample("tap.yaml", "api_url: https://h.example\nstreams: [{name: a, path: '/{{'}]\n");
    expect_holds(
        pagetide_expect(&bench.pagetide, 1, pagetide_text("import %s", unfinished)).out,
        "pagetide check says of this");
    const char *other = sample("other.yaml", "a: 1\n");
    const char *bad = sample("bad.yaml", "a: [\n");
    expect_holds(pagetide_expect(&bench.pagetide, 2, pagetide_text("import %s", other)).err,
                 "--from takes it for one of them");
    expect_holds(pagetide_expect(&bench.pagetide, 2, pagetide_text("import %s", bad)).err,
                 "bad.yaml");
    expect_holds(
        pagetide_expect(&bench.pagetide, 2, pagetide_text("import %s --from x", other)).err,
        "none of dlt|airbyte|noetl|meltano");
    expect_holds(pagetide_expect(&bench.pagetide, 2, "import /nowhere/x.yaml").err,
                 "No such file");
    pagetide_expect(&bench.pagetide, 2, "import");
    pagetide_expect(&bench.pagetide, 2, pagetide_text("import %s %s", other, bad));
    flow_close(&bench);
}
END_TEST

SUITE_OF_TABLES("tests/tables/import_runs.txt", "flow/import",
                the_manuals_examples_bring_all_rows, a_file_is_written_once, json_has_it_all,
                what_is_no_file_of_them_is_refused)
