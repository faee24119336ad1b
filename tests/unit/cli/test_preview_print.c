#include "cli/preview_print.h"

#include "tests/support/command.h"
#include "tests/support/suite.h"

/* Every test: a stream, page 2 of it with two samples and a reject, and what it prints. */
static struct cli cli;
static struct captured captured;
static const struct stream stream = {.name = STR_INIT("shop.orders"),
                                     .table = {STR_INIT("shop"), STR_INIT("orders")}};
static const struct pager pager = {.page = 2};
static const struct request next = {.http = {.method = STR_INIT("GET")},
                                    .url = STR_INIT("http://h/orders?page=3")};
static struct pager_decision decision;
static struct crawl_page done;
static struct preview_page page;

#define PRINTED(as_json, call)                                                                 \
    do {                                                                                       \
        cli.options.json = (as_json);                                                          \
        command_capture();                                                                     \
        call;                                                                                  \
        captured = command_captured();                                                         \
    } while (0)

static void set_up(void)
{
    command_open_alone(&cli);
    decision = (struct pager_decision){.outcome = PAGER_MORE, .why = STR("page 2 of 5")};
    done = (struct crawl_page){.next = &pager,
                               .decision = &decision,
                               .request = &next,
                               .status = 200,
                               .attempts = 1,
                               .records = 4,
                               .seen = 4,
                               .rejects = 1,
                               .bytes = 2048};
    page = (struct preview_page){.arena = cli.arena,
                                 .stream = &stream,
                                 .method = STR("GET"),
                                 .url = STR("http://h/orders?page=2"),
                                 .took_ms = 12,
                                 .samples = {STR("{\"id\":1}"), STR("{\"id\":2}")},
                                 .rejects = {STR("no key: {}")},
                                 .sample_count = 2,
                                 .reject_count = 1};
}

START_TEST(a_page_shows_records_and_where_it_goes_next)
{
    set_up();
    PRINTED(false, preview_print_page(&cli, &page, &done));
    ck_assert_str_eq(captured.out, "\npage 2: GET http://h/orders?page=2\n"
                                   "  status 200, 2.0 kB in 12 ms, 4 records, 1 rejected\n"
                                   "    {\"id\":1}\n"
                                   "    {\"id\":2}\n"
                                   "    rejected: no key: {}\n"
                                   "    and 1 more\n"
                                   "  next: page 2 of 5 → GET http://h/orders?page=3\n");
    command_close(&cli);
}
END_TEST

START_TEST(as_json_a_page_is_one_object)
{
    set_up();
    PRINTED(true, preview_print_page(&cli, &page, &done));
    ck_assert_str_eq(
        captured.out,
        "{\"page\":2,\"method\":\"GET\",\"url\":\"http://h/orders?page=2\",\"status\":200,"
        "\"attempts\":1,\"took_ms\":12,\"bytes\":2048,\"records\":4,\"rejects\":1,\"asides\":0,"
        "\"next\":\"more\",\"why\":\"page 2 of 5\",\"next_method\":\"GET\","
        "\"next_url\":\"http://h/orders?page=3\",\"sample\":[{\"id\":1},{\"id\":2}]}\n");
    command_close(&cli);
}
END_TEST

START_TEST(the_end_and_a_failure_say_what_decided)
{
    set_up();
    done.request = NULL;
    decision = (struct pager_decision){.outcome = PAGER_END,
                                       .complete = COMPLETE_TOLD,
                                       .complete_why = STR("the list is empty")};
    PRINTED(false, preview_print_page(&cli, &page, &done));
    ck_assert_ptr_nonnull(strstr(captured.out, "  the end, told: the list is empty\n"));
    decision = (struct pager_decision){.outcome = PAGER_FAILED,
                                       .reason = REASON_LOOP,
                                       .why = STR("the same page again"),
                                       .warning = STR("the total changed")};
    PRINTED(false, preview_print_page(&cli, &page, &done));
    ck_assert_ptr_nonnull(strstr(captured.out,
                                 "  stops here, failed (loop): the same page again\n"
                                 "  warning: the total changed\n"));
    command_close(&cli);
}
END_TEST

START_TEST(a_long_record_is_cut_between_characters)
{
    AUTO_BUF(record, 400);
    set_up();
    for (int i = 0; i < 160; i++)
        buf_put(&record, i ? STR("ä") : STR("x")); /* byte 300 is within a character */
    page.samples[0] = buf_str(&record);
    page.sample_count = 1;
    PRINTED(false, preview_print_page(&cli, &page, &done));
    ck_assert_ptr_nonnull(strstr(captured.out, "ää …\n"));
    ck_assert(str_is_utf8(str_from(captured.out)));
    command_close(&cli);
}
END_TEST

START_TEST(a_trace_hides_credentials)
{
    static const struct http_header sent[] = {
        {STR_INIT("Accept"), STR_INIT("application/json")},
        {STR_INIT("AUTHORIZATION"), STR_INIT("Bearer abc")},
        {STR_INIT("X-Key"), STR_INIT("abc")},
        {STR_INIT("Cookie"), STR_INIT("abc")},
    };
    struct stream keyed = stream;
    struct request request = next;
    set_up();
    keyed.auth.type = AUTH_API_KEY;
    keyed.auth.name = STR("x-key");
    request.http.headers = sent;
    request.http.header_count = COUNT_OF(sent);
    PRINTED(false, preview_print_request(&cli, &keyed, &request));
    ck_assert_str_eq(captured.out, "\n> GET http://h/orders?page=3\n"
                                   "> Accept: application/json\n"
                                   "> AUTHORIZATION: <hidden>\n"
                                   "> X-Key: <hidden>\n"
                                   "> Cookie: <hidden>\n\n");
    PRINTED(true, preview_print_request(&cli, &keyed, &request));
    ck_assert_ptr_null(strstr(captured.out, "abc"));
    command_close(&cli);
}
END_TEST

START_TEST(an_answer_that_did_not_come_says_why)
{
    struct err err = ERR_INIT;
    set_up();
    err_set(&err, ERR_AGAIN, "http", 0, "connection refused");
    PRINTED(false, preview_print_answer(&cli, NULL, &err));
    ck_assert_str_eq(captured.out, "< no answer: connection refused\n");
    PRINTED(true, preview_print_answer(&cli, NULL, &err));
    ck_assert_str_eq(captured.out, "{\"trace\":\"answer\",\"error\":\"connection refused\"}\n");
    command_close(&cli);
}
END_TEST

START_TEST(the_summary_shows_columns_and_the_table)
{
    static const struct column columns[] = {
        {.field = STR_INIT("id"),
         .name = STR_INIT("id"),
         .sql_type = STR_INIT("bigint"),
         .is_key = true},
        {.field = STR_INIT("Full Name"),
         .name = STR_INIT("full_name"),
         .sql_type = STR_INIT("text")},
    };
    const struct preview preview = {.how = PREVIEW_STOPPED,
                                    .pages = 3,
                                    .records = 30,
                                    .columns = columns,
                                    .column_count = COUNT_OF(columns),
                                    .ddl = STR("create table …;\n")};
    set_up();
    PRINTED(false, preview_print_end(&cli, &stream, &preview, STR_NONE));
    ck_assert_str_eq(
        captured.out,
        "\ncolumns:\n"
        "  id                       bigint                     key\n"
        "  full_name                text                       from \"Full Name\"\n"
        "\ncreate table …;\n"
        "\nshop.orders: 3 pages, 30 records: stopped here, more pages follow "
        "(--pages N shows more)\n");
    command_close(&cli);
}
END_TEST

START_TEST(a_failed_preview_says_what_to_try)
{
    const struct preview preview = {.how = PREVIEW_ENDED,
                                    .state = JOB_FAILED,
                                    .reason = REASON_AUTH,
                                    .error = STR("status 401")};
    set_up();
    PRINTED(false, preview_print_end(&cli, &stream, &preview, STR_NONE));
    ck_assert_str_eq(captured.out,
                     "\nshop.orders: 0 pages, 0 records: failed (auth)\n"
                     "  status 401\n"
                     "  try: check the credentials: `auth`, and the secret that it names\n");
    command_close(&cli);
}
END_TEST

START_TEST(a_preview_that_waits_says_how_long)
{
    const struct preview preview = {.how = PREVIEW_WAITS, .wait_ms = 90000};
    set_up();
    PRINTED(false, preview_print_end(&cli, &stream, &preview, STR_NONE));
    ck_assert_str_eq(captured.out, "\nshop.orders: 0 pages, 0 records: waiting, a run would "
                                   "try again in 1 min 30 s\n");
    command_close(&cli);
}
END_TEST

/* Each place of a page that the API fills, with an escape sequence and a line of its own. */
START_TEST(what_the_api_named_is_shown_escaped)
{
    static const struct http_header headers[] = {
        {STR_INIT("x-\x1b[1m"), STR_INIT("\x1b[2J\xC2\x9B")}};
    const struct http_answer answer = {.status = 200,
                                       .headers = headers,
                                       .header_count = 1,
                                       .body = STR("{\"a\":\n\"\x1b[31m\"}")};
    set_up();
    decision.why = STR("cursor \"\x1b[2J\n$ rm\"");
    decision.recognised = STR("\x1b]0;x\x07");
    decision.warning = STR("\x9B");
    page.url = STR("http://h/\x1b[31m\npagetide: all good");
    page.samples[0] = STR("{\"a\":\n\"\xC2\x9B\"}");
    page.rejects[0] = STR("no key: \xE2\x80\xAE\n{}");
    PRINTED(false, preview_print_page(&cli, &page, &done));
    ck_assert_str_eq(captured.out,
                     "\npage 2: GET http://h/\\u001b[31m\\npagetide: all good\n"
                     "  status 200, 2.0 kB in 12 ms, 4 records, 1 rejected\n"
                     "    {\"a\": \"\\u009b\"}\n"
                     "    {\"id\":2}\n"
                     "    rejected: no key: \\u202e\\n{}\n"
                     "    and 1 more\n"
                     "  recognised: \\u001b]0;x\\u0007\n"
                     "  next: cursor \"\\u001b[2J\\n$ rm\" → GET http://h/orders?page=3\n"
                     "  warning: \\x9b\n");
    PRINTED(false, preview_print_answer(&cli, &answer, NULL));
    ck_assert_str_eq(captured.out, "< 200\n< x-\\u001b[1m: \\u001b[2J\\u009b\n"
                                   "{\"a\":\n\"\\u001b[31m\"}\n\n");
    for (int json = 0; json <= 1; json++) {
        PRINTED(json, preview_print_page(&cli, &page, &done));
        ck_assert_ptr_null(strpbrk(captured.out, "\x1b\x07\x9b"));
    }
}
END_TEST

SUITE("cli/preview_print", a_page_shows_records_and_where_it_goes_next,
      as_json_a_page_is_one_object, the_end_and_a_failure_say_what_decided,
      a_long_record_is_cut_between_characters, a_trace_hides_credentials,
      an_answer_that_did_not_come_says_why, the_summary_shows_columns_and_the_table,
      a_failed_preview_says_what_to_try, a_preview_that_waits_says_how_long,
      what_the_api_named_is_shown_escaped)
