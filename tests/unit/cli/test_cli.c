#include "cli/cli.h"

#include "base/redact.h"
#include "tests/support/command.h"
#include "tests/support/schema.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

START_TEST(a_failure_is_printed_once_without_secrets)
{
    struct err err = ERR_INIT;
    redact_add(STR("key"), STR("s3cret-value"));
    err_set(&err, ERR_AGAIN, "test", 0, "GET /?key=s3cret-value failed");
    command_capture();
    int code = cli_fail(&err);
    struct captured captured = command_captured();
    ck_assert_int_eq(code, EXIT_UNREACHABLE);
    ck_assert(strstr(captured.err, "s3cret") == NULL);
    ck_assert(str_starts(str_from(captured.err), STR("pagetide: GET /?key=")));
    ck_assert_str_eq(captured.out, "");
}
END_TEST

START_TEST(a_database_without_the_schema_exits_with_3)
{
    struct cli cli;
    struct pg *pg;
    int code = 0;
    command_open_alone(&cli);
    cli.settings.database_url = servers_database_url();
    command_capture();
    ck_assert(!cli_database(&cli, false, &pg, &code));
    struct captured captured = command_captured();
    ck_assert_int_eq(code, EXIT_UNREACHABLE);
    ck_assert_str_eq(captured.err,
                     "pagetide: PostgreSQL has no control schema yet; run pagetide "
                     "migrate\n");
    command_close(&cli);
}
END_TEST

START_TEST(a_url_that_cannot_be_read_exits_with_2)
{
    struct cli cli;
    struct pg *pg;
    int code = 0;
    command_open_alone(&cli);
    cli.settings.database_url = "postgresql://h/d?nonsense=1";
    command_capture();
    ck_assert(!cli_database(&cli, false, &pg, &code));
    command_captured();
    ck_assert_int_eq(code, EXIT_USAGE);
    command_close(&cli);
}
END_TEST

START_TEST(every_broken_file_is_reported)
{
    struct cli cli;
    struct source **sources;
    size_t count;
    bool is_whole;
    command_open_alone(&cli);
    command_source(&cli, "a", "source: a\n");
    command_source(&cli, "b", "source: [\n");
    command_capture();
    command_source(&cli, "c",
                   "source: c\nbase_url: http://127.0.0.1/\nstreams: {o: {path: /}}");
    ck_assert(cli_sources(&cli, &sources, &count, &is_whole));
    ck_assert(!is_whole && count == 1);
    struct captured captured = command_captured();
    ck_assert_ptr_nonnull(strstr(captured.err, "/sources/a.yaml:"));
    ck_assert_ptr_nonnull(strstr(captured.err, "/sources/b.yaml:"));
    command_close(&cli);
}
END_TEST

SUITE("cli/cli", a_failure_is_printed_once_without_secrets,
      a_database_without_the_schema_exits_with_3, a_url_that_cannot_be_read_exits_with_2,
      every_broken_file_is_reported)
