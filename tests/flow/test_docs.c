#include <glob.h>

#include "base/macros.h"
#include "tests/support/docs.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/* The examples of README.md, docs/ and config/examples, as a reader would try them. */

/* The file with the mock's address in place of the one that the example names. */
static const char *with_mock(const char *path, const struct mock *mock)
{
    struct str text = str_from(pagetide_read(path));
    struct str named = STR("http://127.0.0.1:8080");
    ptrdiff_t at = str_find(text, named);
    ck_assert_msg(at >= 0, "%s does not name %.*s", path, STR_ARG(named));
    struct str after = str_slice(text, (size_t)at + named.len, text.len);
    return pagetide_text("%.*s%s%.*s", (int)at, text.ptr, mock->url, STR_ARG(after));
}

static void open_readme(struct pagetide *pagetide, struct mock *mock)
{
    mock_start(NULL, mock);
    pagetide_open_empty(pagetide);
    pagetide_file(pagetide, "sources/iso.yaml",
                  with_mock("config/examples/subdivisions.yaml", mock));
}

START_TEST(readme_shows_an_example_that_exists)
{
    struct str shown =
        docs_block_after("README.md", "<!-- config/examples/subdivisions.yaml -->");
    ck_assert_str_eq(pagetide_text("%.*s", STR_ARG(shown)),
                     pagetide_read("config/examples/subdivisions.yaml"));
}
END_TEST

START_TEST(readme_source_gives_the_table_it_shows)
{
    struct pagetide pagetide;
    struct mock mock;
    open_readme(&pagetide, &mock);
    struct pagetide_result got = pagetide_run(&pagetide, "sync iso.subdivisions");
    ck_assert_msg(got.code == 0, "%s", got.err);
    ck_assert_msg(str_starts(str_from(got.out),
                             STR("iso.subdivisions: run 1 succeeded: 52 pages, 5,127 records")),
                  "%s", got.out);
    struct str query,
        shown = str_split(docs_block_after("README.md", "<!-- table -->"), '\n', &query);
    ck_assert(str_starts(query, STR("=> ")));
    const char *command =
        pagetide_text("psql -X -P footer=off -P pager=off -d '%s' -c \"%.*s\"",
                      pagetide.database_url, STR_ARG(str_slice(query, 3, query.len)));
    /* psql ends a table with an empty line. */
    ck_assert_str_eq(docs_output_of(command), pagetide_text("%.*s\n", STR_ARG(shown)));
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

START_TEST(readme_messages_reload)
{
    struct pagetide pagetide;
    struct mock mock;
    open_readme(&pagetide, &mock);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    struct str line, rest = docs_block_after("README.md", "<!-- reload -->");
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        ck_assert(str_starts(line, STR("redis-cli ")));
        if (!str_starts(line, STR("redis-cli XADD ")))
            continue;
        docs_output_of(pagetide_text("redis-cli -u %s %.*s", pagetide.redis_url,
                                     STR_ARG(str_slice(line, strlen("redis-cli "), line.len))));
    }
    pagetide_await(&pagetide, "2", 30000,
                   "select count(*) from pagetide.request "
                   "where scheduled_for is null and state = 'succeeded'");
    pagetide_await(&pagetide, "full", 1000,
                   "select mode from pagetide.history where request_id = 'import-42'");
    pagetide_kill(&up);
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

START_TEST(example_sources_are_valid)
{
    glob_t files;
    ck_assert_int_eq(glob("config/examples/*.yaml", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct pagetide pagetide;
        pagetide_open_empty(&pagetide);
        pagetide_file(&pagetide, "sources/example.yaml", pagetide_read(files.gl_pathv[i]));
        struct pagetide_result got = pagetide_run(&pagetide, "check");
        ck_assert_msg(got.code == 0, "%s: %s%s", files.gl_pathv[i], got.out, got.err);
        pagetide_close(&pagetide);
    }
    globfree(&files);
}
END_TEST

/* The demo's own definition runs to its end, whatever the demo shows of it. */
START_TEST(demo_sources_run)
{
    struct pagetide pagetide;
    struct mock mock;
    mock_start(NULL, &mock);
    pagetide_open_empty(&pagetide);
    pagetide_file(&pagetide, "sources/world.yaml",
                  with_mock("config/examples/world.yaml", &mock));
    struct pagetide_result got = pagetide_run(&pagetide, "sync --all");
    ck_assert_msg(got.code == 0, "%s", got.err);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from pagetide.history "
                                             "where state = 'succeeded' and records > 200"),
                     "3");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

START_TEST(views_of_the_manual_answer)
{
    struct pagetide pagetide;
    pagetide_open_empty(&pagetide);
    ck_assert_int_eq(pagetide_run(&pagetide, "migrate").code, 0);
    struct str line, rest = str_from(pagetide_read("docs/operations.md"));
    int asked = 0;
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        if (!str_starts(line, STR("    select ")))
            continue;
        pagetide_sql(&pagetide, "%.*s", STR_ARG(line));
        asked++;
    }
    ck_assert_int_ge(asked, 4);
    pagetide_close(&pagetide);
}
END_TEST

/* docs/writing.md promises it; test_flows runs them. */
START_TEST(examples_of_writing_are_cases)
{
    struct str cases = str_from(pagetide_read("tests/tables/flows/writing.txt"));
    struct str rest = str_from(pagetide_read("docs/writing.md")), fence = STR("\n```yaml\n");
    int count = 0;
    for (ptrdiff_t at; (at = str_find(rest, fence)) >= 0; count++) {
        rest = str_slice(rest, (size_t)at + fence.len, rest.len);
        ptrdiff_t end = str_find(rest, STR("```"));
        ck_assert_int_gt(end, 0);
        struct str block = str_slice(rest, 0, (size_t)end);
        ck_assert_msg(str_find(cases, block) >= 0, "no case has:\n%.*s", STR_ARG(block));
    }
    ck_assert_int_ge(count, 7);
}
END_TEST

/* Each line behind a "$ " is run by a shell in the configuration folder; what it prints is the
 * lines below it. */
START_TEST(commands_of_testing_print_what_is_shown)
{
    struct pagetide pagetide;
    struct mock mock;
    char build[4096];
    int count = 0;
    open_readme(&pagetide, &mock);
    ck_assert_ptr_nonnull(realpath(pagetide_build(), build));
    unsetenv("PAGETIDE_CONFIG");
    struct str line, rest = docs_block_after("docs/testing.md", "<!-- run -->");
    rest = str_split(rest, '\n', &line);
    while (line.len) {
        ck_assert(str_starts(line, STR("$ ")));
        const char *command = pagetide_text("%.*s", STR_ARG(str_slice(line, 2, line.len)));
        const char *shown = "";
        for (rest = str_split(rest, '\n', &line); line.len && !str_starts(line, STR("$ "));
             rest = str_split(rest, '\n', &line))
            shown = pagetide_text("%s%.*s\n", shown, STR_ARG(line));
        const char *got =
            docs_output_of(pagetide_text("cd '%s' && PATH='%s':\"$PATH\" && { %s; } "
                                         "2>&1 || true",
                                         pagetide.dir, build, command));
        ck_assert_str_eq(docs_replaced(str_from(got), mock.url, "http://127.0.0.1:8080"),
                         shown);
        count++;
    }
    ck_assert_int_ge(count, 7);
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

SUITE("flow/docs", commands_of_testing_print_what_is_shown, readme_shows_an_example_that_exists,
      readme_source_gives_the_table_it_shows, readme_messages_reload, example_sources_are_valid,
      demo_sources_run, views_of_the_manual_answer, examples_of_writing_are_cases)
