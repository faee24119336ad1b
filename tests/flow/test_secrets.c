#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/support/child.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

/*
 * Planted secrets, searched for wherever they could have got to: the output and logs of every
 * program, a dump of PostgreSQL, and every command that Redis was sent.
 */

static struct mock mock;
static struct pagetide pagetide;
static struct test_redis redis;
static pid_t monitor;
static const char *monitor_path;

/* Raw, percent-encoded and in base64; of the basic pair "shopkeeper:Pa55/w0rd+planted" also. */
static const char *const planted[] = {
    "t0ken/planted+1",        "t0ken%2Fplanted%2B1",   "dDBrZW4vcGxhbnRlZCsx",
    "k3y/planted+2",          "k3y%2Fplanted%2B2",     "azN5L3BsYW50ZWQrM",
    "Pa55/w0rd+planted",      "Pa55%2Fw0rd%2Bplanted", "UGE1NS93MHJkK3BsYW50ZW",
    "c2hvcGtlZXBlcjpQYTU1L3", "h1dden/planted+3",      "h1dden%2Fplanted%2B3",
};

static void start_monitor(void)
{
    monitor_path = pagetide_text("%s/monitor.log", pagetide.dir);
    monitor = child_fork();
    if (monitor == 0) {
        if (freopen(monitor_path, "w", stdout))
            execlp("redis-cli", "redis-cli", "-u", redis.url, "monitor", NULL);
        _exit(127);
    }
    for (int i = 0; i < 200 && !strstr(pagetide_read(monitor_path), "OK"); i++)
        usleep(50000);
    ck_assert(strstr(pagetide_read(monitor_path), "OK") != NULL);
}

static void start(void)
{
    mock_start(NULL, &mock);
    servers_redis_start(&redis);
    pagetide_open(&pagetide);
    setenv("PAGETIDE_REDIS_URL", redis.url, 1);
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    setenv("SHOP_TOKEN", planted[0], 1);
    setenv("SHOP_PASSWORD", planted[6], 1);
    ck_assert_int_eq(mkdir(pagetide_text("%s/secrets", pagetide.dir), 0700), 0);
    pagetide_file(&pagetide, "secrets/shop.json",
                  "{\"key\": \"k3y/planted+2\", \"deep\": [\"h1dden/planted+3\"]}");
    setenv("PAGETIDE_SECRETS_DIR", pagetide_text("%s/secrets", pagetide.dir), 1);
    start_monitor();
}

static void stop(void)
{
    kill(monitor, SIGKILL);
    waitpid(monitor, NULL, 0);
    pagetide_close(&pagetide);
    servers_redis_stop(&redis);
    mock_stop(&mock);
}

static void search(const char *where, const char *text)
{
    for (size_t i = 0; i < sizeof planted / sizeof planted[0]; i++) {
        const char *at = strstr(text, planted[i]);
        if (at)
            ck_abort_msg("%s holds %s: %.60s", where, planted[i],
                         at > text + 20 ? at - 20 : at);
    }
}

static const char *dump_postgres(void)
{
    const char *path = pagetide_text("%s/dump.sql", pagetide.dir);
    ck_assert_int_eq(system(pagetide_text("pg_dump '%s' >%s", pagetide.database_url, path)), 0);
    const char *dump = pagetide_read(path);
    ck_assert(strstr(dump, "CREATE TABLE pagetide.job") != NULL);
    return dump;
}

static void define(void)
{
    pagetide_source(
        &pagetide, "shop",
        "source: shop\n"
        "base_url: %s\n"
        "auth: {type: bearer, token: \"{{ env.SHOP_TOKEN }}\"}\n"
        "headers: {X-Key: \"{{ secrets.shop.key }}\"}\n"
        "params: {k: \"{{ secrets.shop.deep[0] }}\"}\n"
        "retry: {max_attempts: 3, initial_delay: 10ms, jitter: none}\n"
        "streams:\n"
        "  echoes: {path: /echo, pagination: {type: none}}\n"
        "  flaky: {path: /flaky, pagination: {type: none}}\n"
        "  login: {path: /login, pagination: {type: none}}\n"
        "  moved: {path: /moved, pagination: {type: none}}\n"
        "  links: {path: /links, pagination: {type: next_url, next_path: next}, "
        "merge_path: data}\n"
        "  sent: {path: /gen/page, method: POST, body: {token: \"{{ env.SHOP_TOKEN }}\"}, "
        "pagination: {type: none}, merge_path: data}\n"
        "  rule: {path: /rule, pagination: {type: none}, "
        "responses: {status: 418, then: fail, message: \"it says {{ response.said }}\"}}\n"
        "  gone: {url: \"http://127.0.0.1:1/x?k={{ env.SHOP_TOKEN }}\", "
        "pagination: {type: none}}\n",
        mock.url);
    pagetide_source(&pagetide, "basic",
                    "source: basic\n"
                    "base_url: %s\n"
                    "auth: {type: basic, user: shopkeeper, password: \"{{ env.SHOP_PASSWORD "
                    "}}\"}\n"
                    "streams:\n"
                    "  echoes: {path: /basic, pagination: {type: none}}\n",
                    mock.url);
}

/* The API says back the secret it was sent, in every spelling. */
static void script(void)
{
    static const char all[] =
        "t0ken/planted+1 t0ken%2Fplanted%2B1 dDBrZW4vcGxhbnRlZCsx k3y/planted+2 "
        "k3y%2Fplanted%2B2 h1dden/planted+3";
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"/echo\", \"status\": 403, \"body\": \"%s\"}", all));
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"/flaky\", \"answers\": [{\"status\": 500, \"body\": "
                            "\"%s\"}, {\"body\": [{\"id\": 1}]}]}",
                            all));
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"/login\", \"headers\": {\"Content-Type\": "
                            "\"text/html\"}, \"body\": \"<p>%s\"}",
                            all));
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/basic\", \"status\": 403, \"body\": \"Pa55/w0rd+planted "
              "c2hvcGtlZXBlcjpQYTU1L3cwcmQrcGxhbnRlZA==\"}");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/moved\", \"status\": 302, \"headers\": {\"Location\": "
              "\"https://other.example/?token=t0ken%2Fplanted%2B1\"}}");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/rule\", \"status\": 418, \"body\": {\"said\": "
              "\"k3y/planted+2\"}}");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/links\", \"body\": {\"data\": [{\"id\": 1}], \"next\": "
              "\"/links2?k=h1dden%2Fplanted%2B3&page=2\"}}");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/links2\", \"body\": {\"data\": [{\"id\": 2}], \"next\": "
              "\"/links3?page=3&k=h1dden%2Fplanted%2B3\"}}");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/links3\", \"body\": {\"data\": [{\"id\": 3}], \"next\": null}}");
}

static void search_result(const char *what, struct pagetide_result got)
{
    search(pagetide_text("stdout of %s", what), got.out);
    search(pagetide_text("stderr of %s", what), got.err);
}

START_TEST(planted_secrets_are_found_nowhere)
{
    start();
    define();
    script();
    struct pagetide_process up = pagetide_spawn(&pagetide, "up --log-level debug");
    pagetide_await(&pagetide, "9", 30000, "select count(*) from pagetide.stream");
    static const char *const streams[] = {"shop.echoes", "shop.flaky", "shop.login",
                                          "shop.moved",  "shop.links", "shop.sent",
                                          "shop.rule",   "shop.gone",  "basic.echoes"};
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        search_result("reload", pagetide_run(&pagetide, "reload %s", streams[i]));
    pagetide_await(&pagetide, "9", 60000,
                   "select count(*) from pagetide.run where finished_at is not null");
    /* They did get to the API, and their names to the errors. */
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from shop.links"), "3");
    ck_assert(strstr(mock_get(&mock, "/_mock/requests"), "Bearer t0ken/planted+1") != NULL);
    ck_assert(strstr(mock_get(&mock, "/_mock/requests"), "k3y/planted+2") != NULL);
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from pagetide.run where error "
                                             "like '%%<env.SHOP_TOKEN>%%'"),
                     "4");
    const char *limits = pagetide_read(pagetide_text("/proc/%d/limits", (int)up.pid));
    ck_assert(strstr(limits, "Max core file size        0 ") != NULL);
    search_result("sync", pagetide_run(&pagetide, "sync shop.echoes shop.flaky --json "
                                                  "--log-level debug --log-format json"));
    search_result("status", pagetide_run(&pagetide, "status --json"));
    search("the dump of PostgreSQL", dump_postgres());
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    search("stderr of up", pagetide_err(&up));
    search("stdout of up", pagetide_out(&up));
    const char *commands = pagetide_read(monitor_path);
    ck_assert(strstr(commands, "pagetide:") != NULL);
    search("what Redis was sent", commands);
    stop();
}
END_TEST

/* --- forms --- */

static void define_forms(void)
{
    pagetide_source(
        &pagetide, "forms",
        "source: forms\n"
        "base_url: %s\n"
        "auth: {type: bearer, token: \"{{ env.SHOP_TOKEN }}\"}\n"
        "retry: {max_attempts: 1}\n"
        "defaults: {pagination: {type: none}}\n"
        "streams:\n"
        "  json: {path: /json}\n"
        "  html: {path: /html}\n"
        "  cut: {path: /cut}\n"
        "  made: {path: /made, headers: {X-Sign: \"{{ env.SHOP_TOKEN | sha256 }}\", "
        "X-Part: \"{{ (env.SHOP_JSON | fromjson).inner | b64decode }}\"}}\n"
        "  user: {path: /user, merge_path: data, "
        "pagination: {type: next_url, next_path: next}}\n"
        "  fails: {path: /fails, params: {x: \"{{ env.SHOP_TOKEN | fromjson }}\"}}\n",
        mock.url);
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/json\", \"status\": 403, \"body\": \"t0ken\\\\/planted+1 "
              "\\\\u0074\\\\u0030ken\\\\u002Fplanted\\\\u002b1 T0KEN/PLANTED+1\"}");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/html\", \"headers\": {\"Content-Type\": \"text/html\"}, "
              "\"body\": \"<p>t0ken&#47;planted&#x2b;1 t0ken%252Fplanted%252b1\"}");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/cut\", \"status\": 302, \"headers\": {\"Location\": "
              "\"https://other.example/?token=t0ken%2fplanted\"}}");
    /* printf t0ken/planted+1 | sha256sum; and "inner/planted+4", once in base64 */
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/made\", \"status\": 403, \"body\": "
              "\"9e633a2605995f3a4eee2539a90b667e4dfc99646f2052efc30bf38e3e01503c "
              "inner/planted+4\"}");
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/user\", \"body\": {\"data\": [{\"id\": 1}], \"next\": "
              "\"https://me:p4ssplanted@other.example/x\"}}");
}

/* Each of them planted or made from what is planted, in any case. */
static void search_forms(const char *where, const char *text)
{
    if (strcasestr(text, "planted") || strcasestr(text, "9e633a2605995f3a"))
        ck_abort_msg("%s: %s", where, text);
}

START_TEST(an_echo_is_hidden_in_every_form_it_takes)
{
    static const char *const names[] = {"json", "html", "cut", "made", "user", "fails"};
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    setenv("SHOP_TOKEN", planted[0], 1);
    setenv("SHOP_JSON", "{\"inner\": \"aW5uZXIvcGxhbnRlZCs0\"}", 1);
    define_forms();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (int json = 0; json <= 1; json++) {
            struct pagetide_result got = pagetide_run(&pagetide, "preview forms.%s --trace%s",
                                                      names[i], json ? " --json" : "");
            ck_assert_int_eq(got.code, 1);
            search_forms(names[i], got.out);
            search_forms(names[i], got.err);
        }
        struct pagetide_result got = pagetide_run(
            &pagetide, "sync forms.%s --log-level debug --log-format json", names[i]);
        ck_assert_int_eq(got.code, 1);
        search_forms(names[i], got.out);
        search_forms(names[i], got.err);
    }
    search_forms("errors",
                 pagetide_sql(&pagetide, "select string_agg(concat(r, j), ' ') from "
                                         "pagetide.run r join pagetide.job j on j.run "
                                         "= r.id"));
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from pagetide.run where error "
                                             "like '%%<env.SHOP_TOKEN>%%'"),
                     "4");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

/* --- what a checkpoint keeps --- */

/* The pair in base64, the password in hexadecimal, in an escape within an escape. */
static const char *const echoed[] = {
    "c2hvcGtlZXBlcjpQYTU1L3cwcmQrcGxhbnRlZA==",
    "506135352F773072642B706C616E746564",
    "x%2522Pa55%255C%252Fw0rd+planted%2522",
};
static const char *const sent[] = {
    "after=c2hvcGtlZXBlcjpQYTU1L3cwcmQrcGxhbnRlZA%3D%3D",
    "after=506135352F773072642B706C616E746564",
    "after=x%252522Pa55%25255C%25252Fw0rd%2Bplanted%252522",
};

static void define_walk(void)
{
    pagetide_source(
        &pagetide, "walk",
        "source: walk\nbase_url: %s\nretry: {max_attempts: 1}\n"
        "auth: {type: basic, user: shopkeeper, password: \"{{ env.SHOP_PASSWORD }}\"}\n"
        "streams:\n  s:\n    path: /walk\n    merge_path: data\n"
        "    pagination: {type: cursor, cursor_path: next, param: after}\n",
        mock.url);
    const char *from = "";
    for (size_t i = 0; i <= COUNT_OF(echoed); i++) {
        const char *body =
            pagetide_text("{\"data\": [{\"id\": %zu}], \"next\": %s}", i,
                          i < COUNT_OF(echoed) ? pagetide_text("\"%s\"", echoed[i]) : "null");
        mock_post(&mock, "/_mock/route",
                  pagetide_text("{\"path\": \"/walk\", \"query\": \"%s\", \"answers\": "
                                "[%s{\"body\": %s}]}",
                                from, i ? "{\"status\": 503}, " : "", body));
        from = i < COUNT_OF(echoed) ? sent[i] : "";
    }
}

/* Each page fails once: its checkpoint is all that the next try has. */
START_TEST(an_echo_in_a_cursor_is_kept_sealed_and_sent_as_it_was)
{
    start();
    define_walk();
    pagetide_run(&pagetide, "sync walk.s");
    for (size_t i = 0; i < COUNT_OF(echoed); i++) {
        ck_assert_str_eq(pagetide_sql(&pagetide, "select state from pagetide.run"), "failed");
        const char *dump = dump_postgres();
        search("the dump of PostgreSQL", dump);
        for (size_t k = 0; k < COUNT_OF(echoed); k++)
            ck_assert_ptr_null(strstr(dump, echoed[k]));
        struct pagetide_result got = pagetide_run(&pagetide, "retry walk.s");
        search_result("retry", got);
        got = pagetide_run(&pagetide, "sync walk.s --log-level debug");
        search_result("sync", got);
    }
    ck_assert_str_eq(pagetide_sql(&pagetide, "select concat_ws(' ', state, error) from "
                                             "pagetide.run"),
                     "succeeded");
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from walk.s"), "4");
    const char *requests = mock_get(&mock, "/_mock/requests");
    for (size_t i = 0; i < COUNT_OF(sent); i++)
        ck_assert_msg(strstr(requests, sent[i]) != NULL, "%s is not in %s", sent[i], requests);
    stop();
}
END_TEST

/* --- control characters --- */

static void define_hostile(void)
{
    pagetide_source(&pagetide, "bad",
                    "source: bad\n"
                    "base_url: %s\n"
                    "retry: {max_attempts: 2, initial_delay: 10ms}\n"
                    "defaults: {pagination: {type: none}}\n"
                    "streams:\n"
                    "  body: {path: /body}\n"
                    "  moved: {path: /moved}\n"
                    "  type: {path: /type}\n"
                    "  rule: {path: /rule, responses: {status: 418, then: fail, message: "
                    "\"it says {{ response.said }}\"}}\n"
                    "  link: {path: /link, merge_path: data, "
                    "pagination: {type: next_url, next_path: next}}\n"
                    "  names: {path: /names, key: id}\n"
                    "  cursor: {path: /cursor, merge_path: data, "
                    "pagination: {type: cursor, cursor_path: next, param: after}}\n",
                    mock.url);
    static const char *const routes[] = {
        "{\"path\": \"/body\", \"status\": 500, \"body\": \"E\"}",
        "{\"path\": \"/moved\", \"status\": 302, \"headers\": {\"Location\": "
        "\"https://o.example/E\"}}",
        "{\"path\": \"/type\", \"headers\": {\"Content-Type\": \"text/html; E\"}, \"body\": "
        "\"<p>\"}",
        "{\"path\": \"/rule\", \"status\": 418, \"body\": {\"said\": \"E\"}}",
        "{\"path\": \"/link\", \"body\": {\"data\": [{\"id\": 1}], \"next\": "
        "\"https://o.example/E\"}}",
        "{\"path\": \"/names\", \"body\": [{\"id\": 1, \"E\": \"E\"}, {\"id\": null, \"E\": "
        "\"E\"}]}",
        "{\"path\": \"/cursor\", \"body\": {\"data\": [{\"id\": 1}], \"next\": \"E\"}}",
    };
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        AUTO_BUF(route, 4096);
        for (const char *at = routes[i]; *at; at++) {
            if (*at == 'E' && at[1] == '"')
                buf_puts(&route, "E\\nFORGED\\u001b[31m\\u0007\\u009b2J\\u202e");
            else
                buf_put_byte(&route, *at);
        }
        mock_post(&mock, "/_mock/route", route.ptr);
    }
}

/* No control but a line's end and a tab; none of C1, none that turns the direction. And no line
 * that the API made: but for the bodies that --trace shows. */
static void search_controls(const char *where, const char *text)
{
    ck_assert_msg(strstr(where, "--trace") || !strstr(text, "\nFORGED"), "%s: %s", where, text);
    for (const char *at = text; *at; at++)
        if (((unsigned char)*at < ' ' && *at != '\n' && *at != '\t') || *at == 0x7F ||
            strncmp(at, "\xC2\x9B", 2) == 0 || strncmp(at, "\xE2\x80\xAE", 3) == 0)
            ck_abort_msg("%s: %s", where, text);
}

static void run_and_search(const char *command)
{
    struct pagetide_result got = pagetide_run(&pagetide, "%s", command);
    search_controls(command, got.out);
    search_controls(command, got.err);
}

START_TEST(what_an_api_writes_drives_no_terminal)
{
    static const char *const names[] = {"body", "moved", "type",  "rule",
                                        "link", "names", "cursor"};
    static const char *const commands[] = {
        "status",           "runs",          "jobs 1",
        "jobs 6",           "rejects 6",     "runs --json",
        "rejects 6 --json", "jobs 5 --json", "status --json"};
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    define_hostile();
    struct pagetide_result checked = pagetide_run(&pagetide, "check");
    ck_assert_msg(checked.code == 0, "%s", checked.err);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        run_and_search(pagetide_text("preview bad.%s", names[i]));
        run_and_search(pagetide_text("preview bad.%s --trace", names[i]));
        run_and_search(pagetide_text("preview bad.%s --trace --json", names[i]));
        run_and_search(pagetide_text("sync bad.%s --log-level debug", names[i]));
        run_and_search(
            pagetide_text("sync bad.%s --log-level debug --log-format json", names[i]));
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        run_and_search(commands[i]);
    search_controls("errors", pagetide_sql(&pagetide, "select string_agg(error, ' ') from "
                                                      "pagetide.job"));
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

/* --- credentials in a definition, records that are all rejected --- */

START_TEST(a_literal_credential_is_told_by_check_and_hidden)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "lit",
                    "source: lit\nbase_url: %s\nheaders: {X-Api-Key: literal-4711}\n"
                    "streams: {a: {path: /a, params: {api_key: literal-4712}, "
                    "pagination: {type: none}}}\n",
                    mock.url);
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/a\", \"status\": 403, \"body\": \"literal-4711 literal-4712\"}");
    struct pagetide_result checked = pagetide_run(&pagetide, "check");
    ck_assert_int_eq(checked.code, 0);
    ck_assert(strstr(checked.err, "warning: lit.a: headers.X-Api-Key holds a credential"));
    ck_assert(strstr(checked.err, "warning: lit.a: params.api_key holds a credential"));
    ck_assert(!strstr(checked.err, "4711") && !strstr(checked.out, "4711"));
    static const char *const commands[] = {"preview lit.a --trace",
                                           "preview lit.a --trace --json",
                                           "sync lit.a --log-level debug"};
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct pagetide_result got = pagetide_run(&pagetide, "%s", commands[i]);
        ck_assert_msg(!strstr(got.out, "literal-47") && !strstr(got.err, "literal-47"), "%s%s",
                      got.out, got.err);
    }
    ck_assert_str_eq(pagetide_sql(&pagetide, "select count(*) from pagetide.job where error "
                                             "like '%%<headers.X-Api-Key>%%' and error not "
                                             "like '%%literal%%'"),
                     "1");
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

START_TEST(a_preview_of_rejects_alone_exits_with_1)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "rej",
                    "source: rej\nbase_url: %s\n"
                    "streams: {a: {path: /a, key: id, pagination: {type: none}}}\n",
                    mock.url);
    mock_post(&mock, "/_mock/route",
              "{\"path\": \"/a\", \"body\": [{\"id\": null}, {\"x\": 1}]}");
    struct pagetide_result got = pagetide_run(&pagetide, "preview rej.a");
    ck_assert_msg(got.code == 1, "%d %s%s", got.code, got.out, got.err);
    ck_assert(strstr(got.out, "every record was rejected"));
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

/* --- passwords of servers --- */

START_TEST(a_server_that_is_away_is_named_without_its_password)
{
    static const char *const databases[] = {
        "postgresql://me:hunter2222@127.0.0.1:1/d",
        "postgresql://127.0.0.1:1/d?user=me&password=hunter2222",
        "postgresql://me:x@hunter2222@127.0.0.1:1/d",
        "postgresql://me:x/hunter2222@127.0.0.1:1/d",
        "postgresql://me:hunter2222",
        "host=127.0.0.1 port=1 password=hunter2222",
        "host=127.0.0.1 port=1 password='x hunter2222@y'",
    };
    static const char *const queues[] = {
        "redis://me:hunter2222@127.0.0.1:1", "redis://:x@hunter2222@127.0.0.1:1",
        "redis://127.0.0.1:1?password=hunter2222", "redis://:x/hunter2222@127.0.0.1:1"};
    pagetide_open(&pagetide);
    pagetide_source(&pagetide, "s",
                    "source: s\nbase_url: http://127.0.0.1:1\nstreams: {a: {path: /a}}\n");
    struct pagetide_process checks[COUNT_OF(databases)];
    for (size_t i = 0; i < COUNT_OF(databases); i++) {
        setenv("PAGETIDE_DATABASE_URL", databases[i], 1);
        setenv("PAGETIDE_REDIS_URL", queues[i % COUNT_OF(queues)], 1);
        checks[i] = pagetide_spawn(&pagetide, "check --live s.a");
    }
    for (size_t i = 0; i < COUNT_OF(databases); i++) {
        ck_assert_int_gt(pagetide_wait(&checks[i], 45000), 1);
        const char *out = pagetide_out(&checks[i]), *err = pagetide_err(&checks[i]);
        ck_assert_msg(!strstr(out, "hunter") && !strstr(err, "hunter"), "%s: %s%s",
                      databases[i], out, err);
        ck_assert_msg(strstr(err, "pagetide: ") &&
                          (strstr(out, "Redis: failed") || strstr(err, "redis_url: ")),
                      "%s%s", out, err);
    }
    pagetide_close(&pagetide);
}
END_TEST

SUITE("flow/secrets", planted_secrets_are_found_nowhere,
      an_echo_is_hidden_in_every_form_it_takes,
      an_echo_in_a_cursor_is_kept_sealed_and_sent_as_it_was,
      what_an_api_writes_drives_no_terminal, a_literal_credential_is_told_by_check_and_hidden,
      a_preview_of_rejects_alone_exits_with_1,
      a_server_that_is_away_is_named_without_its_password)
