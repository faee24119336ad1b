#define SUITE_TIMEOUT 120
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/servers.h"
#include "tests/support/stand.h"
#include "tests/support/suite.h"

/* The dashboard's API (docs/dashboard.md), as a browser and others meet it. */
enum { LIMIT_MS = 30000 };

static struct pagetide_process up;
static int port;

static void start(void)
{
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
    setenv("PAGETIDE_LEASE", "6s", 1);
    setenv("PAGETIDE_BEAT", "1s", 1);
    up = pagetide_spawn(&pagetide, "up");
    port = pagetide_http_port(&up, LIMIT_MS);
}

static void stop(void)
{
    pagetide_signal(&up, SIGTERM);
    int code = pagetide_wait(&up, 25000);
    ck_assert_msg(code == 0, "exit %d\n%s", code, pagetide_err(&up));
    ck_assert_msg(!strstr(pagetide_err(&up), "Sanitizer"), "%s", pagetide_err(&up));
    tear_down();
}

static const char *get(const char *path)
{
    return pagetide_http_get(port, path);
}

static const char *talk(const char *method, const char *path, const char *headers,
                        const char *body)
{
    return pagetide_http_talk(port,
                              pagetide_text("%s %s HTTP/1.1\r\n%sContent-Length: %zu\r\n\r\n%s",
                                            method, path, headers, strlen(body), body));
}

#define OURS "Host: localhost\r\nX-Pagetide: 1\r\nSec-Fetch-Site: same-origin\r\n"

static const char *post(const char *path, const char *body)
{
    return talk("POST", path, OURS, body);
}

/* "200" of an answer off the wire. */
static void expect_status(const char *answer, const char *status)
{
    ck_assert_msg(strlen(answer) > 12 && !strncmp(answer + 9, status, 3), "%s, not %s", answer,
                  status);
}

static void expect_get(const char *path, const char *start_of_answer)
{
    const char *got = get(path);
    ck_assert_msg(!strncmp(got, start_of_answer, strlen(start_of_answer)), "%s: %s", path, got);
}

/* --- the page --- */

START_TEST(the_page_is_strict_and_small)
{
    static const char *const paths[] = {"/", "/app.js", "/style.css", "/icon.svg"};
    set_up();
    start();
    size_t total = 0;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const char *answer = talk("GET", paths[i], "Host: localhost\r\n", "");
        expect_status(answer, "200");
        expect_holds(answer, "default-src 'none'; script-src 'self'; style-src 'self'; "
                             "connect-src 'self'; img-src 'self'; frame-ancestors 'none'; "
                             "base-uri 'none'; form-action 'none'");
        expect_holds(answer, "X-Content-Type-Options: nosniff");
        expect_holds(answer, "Cache-Control: no-cache");
        total += strlen(answer);
        const char *tag = strstr(answer, "ETag: ") + 6;
        const char *again =
            talk("GET", paths[i],
                 pagetide_text("Host: localhost\r\nIf-None-Match: %.18s\r\n", tag), "");
        expect_status(again, "304");
        ck_assert_str_eq(strstr(again, "\r\n\r\n"), "\r\n\r\n");
    }
    ck_assert_uint_lt(total, 80000);
    expect_holds(get("/"), "<!doctype html>");
    expect_status(talk("POST", "/", OURS, ""), "405");
    stop();
}
END_TEST

/* --- many streams --- */

static void make_many(void)
{
    SQL("insert into pagetide.definition (stream, version, spec) select format('s%%s.t%%s', "
        "i %% 20, i), 1, '{}' from generate_series(1, 2000) i");
    SQL("insert into pagetide.stream (name, version, every_ms, next_due, paused) select "
        "stream, 1, 3600000, now() + interval '1 hour', stream like 's7.%%' from "
        "pagetide.definition");
    SQL("insert into pagetide.run (stream, version, trigger, mode, state, started_at, "
        "finished_at, records, rejects, asides) select s.name, 1, 'schedule', 'full', "
        "case when s.name like 's3.%%' then 'failed' else 'succeeded' end, now(), now(), 10, "
        "case when s.name = 's1.t1' then 3 else 0 end, 0 from pagetide.stream s, "
        "generate_series(1, 3) where s.name not like 's5.%%'");
    SQL("analyze pagetide.run");
}

START_TEST(two_thousand_streams_are_paged_and_searched)
{
    set_up();
    expect_run(0, "migrate");
    make_many();
    start();
    const char *all = get("/api/v1/streams");
    expect_holds(all, "\"total\" : 2000");
    expect_holds(all, "\"all\" : 2000");
    expect_holds(all, "\"failing\" : 100");
    expect_holds(all, "\"paused\" : 100");
    expect_holds(all, "\"never\" : 100");
    expect_holds(all, "\"rejects\" : 1");
    expect_holds(all, "\"stream\" : \"s0.t100\"");
    ck_assert_uint_lt(strlen(all), 64 << 10);
    int rows = 0;
    for (const char *at = all; (at = strstr(at, "\"stream\" :")); at++)
        rows++;
    ck_assert_int_eq(rows, 50);
    expect_lacks(get("/api/v1/streams?page=2"), "\"s0.t100\"");
    expect_holds(get("/api/v1/streams?page=41"), "\"streams\" : []");
    expect_holds(get("/api/v1/streams?show=failing"), "\"total\" : 100");
    expect_holds(get("/api/v1/streams?show=never"), "\"state\" : null");
    expect_holds(get("/api/v1/streams?q=.T1999"), "\"total\" : 1");
    expect_holds(get("/api/v1/streams?q=%25"), "\"total\" : 0");
    const char *worst = get("/api/v1/streams?sort=worst&limit=1");
    expect_holds(worst, "\"state\" : \"failed\"");
    expect_holds(get("/api/v1/runs?limit=7"), "\"next\" : ");
    stop();
}
END_TEST

START_TEST(what_a_caller_chooses_has_a_range)
{
    static const char *const bad[] = {
        "/api/v1/streams?limit=0", "/api/v1/streams?limit=100000",
        "/api/v1/streams?page=x",  "/api/v1/streams?q=%00",
        "/api/v1/streams?q=%ff",   "/api/v1/runs/abc",
        "/api/v1/runs/0",          "/api/v1/runs/1/jobs/-1/pages",
        "/api/v1/streams?page=-1", "/api/v1/runs?before=1e9999",
        "/api/v1/streams/%00",
    };
    static const char *const none[] = {"/api/v1/runs/99",
                                       "/api/v1/runs/99/rejects",
                                       "/api/v1/runs/99/jobs/1/pages",
                                       "/api/v1/streams/no.such",
                                       "/api/v1/streams/no.such/columns",
                                       "/api/v1/streams/no.such/definition",
                                       "/api/v1/rejects/99/record",
                                       "/api/v1/nothing",
                                       "/api/",
                                       "/api/v1/streams/",
                                       "/api/v1/streams/a/b/c"};
    set_up();
    start();
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        expect_get(bad[i], "400 {\"error\":\"");
    for (size_t i = 0; i < COUNT_OF(none); i++)
        expect_get(none[i], "404 {\"error\":\"");
    expect_get("/api/v1/runs/1/cancel", "405 ");
    expect_get("/elsewhere", "404 ");
    expect_status(talk("POST", "/api/v1/streams", OURS, ""), "405");
    expect_status(talk("DELETE", "/api/v1/streams", OURS, ""), "405");
    stop();
}
END_TEST

/* --- a run --- */

START_TEST(a_run_is_shown_with_its_pages_rejects_and_misfits)
{
    set_up();
    pagetide_source(
        &pagetide, "shop",
        "source: shop\nbase_url: %s\nstreams:\n"
        "  orders: {path: /gen/page, pagination: {type: page, total_pages_path: pages}, "
        "merge_path: data}\n"
        "  people: {path: /people, pagination: {type: none}, write: upsert, key: id, "
        "max_rejects: 5, max_asides: 100%%, columns: {age: {type: int}}}\n",
        mock.url);
    answer("[{\"id\": 1, \"age\": 7}, {\"id\": 2, \"age\": \"old\"}, "
           "{\"no\": \"<img src=x onerror=alert(1)>\"}]");
    start();
    pagetide_await(&pagetide, "2", LIMIT_MS, "select count(*) from pagetide.stream");
    expect_holds(post("/api/v1/streams/shop.orders/reload", "{\"id\": \"web-1\"}"),
                 "\"id\": \"web-1\"");
    pagetide_await(&pagetide, "t", LIMIT_MS,
                   "select state = 'succeeded' from pagetide.run where request_id = 'web-1'");
    expect_holds(post("/api/v1/streams/shop.people/reload", ""), "\"state\": \"started\"");
    pagetide_await(&pagetide, "2", LIMIT_MS,
                   "select count(*) from pagetide.run where state = 'succeeded'");

    const char *run = get("/api/v1/runs/1");
    expect_holds(run, "\"pages\" : 10");
    expect_holds(run, "\"records\" : 100");
    expect_holds(run, "\"complete\" : \"proved\"");
    const char *pages = get("/api/v1/runs/1/jobs/1/pages?after=3&limit=4");
    expect_holds(pages, "\"page\" : 4,");
    expect_holds(pages, "\"page\" : 7,");
    expect_lacks(pages, "\"page\" : 8,");
    expect_holds(pages, "\"asked\" : \"/gen/page");
    expect_holds(get("/api/v1/runs?stream=shop.people"), "\"rejects\" : 1");
    expect_lacks(get("/api/v1/runs?stream=shop.people"), "shop.orders");

    const char *rejects = get("/api/v1/runs/2/rejects");
    expect_holds(rejects, "key \\\"id\\\" is null or absent");
    /* {"no":"<img … */
    expect_holds(rejects,
                 "\"record\" : \"eyJubyI6IjxpbWcgc3JjPXggb25lcnJvcj1hbGVydCgxKT4ifQ==");
    const char *record = talk("GET", "/api/v1/rejects/1/record", "Host: localhost\r\n", "");
    expect_holds(record, "Content-Type: application/octet-stream\r\n");
    expect_holds(record, "Content-Disposition: attachment; filename=\"reject-1\"\r\n");
    expect_holds(record, "\r\n\r\n{\"no\":\"<img src=x onerror=alert(1)>\"}");
    expect_holds(get("/api/v1/rejects"), "\"stream\" : \"shop.people\"");
    expect_holds(get("/api/v1/misfits"), "\"column\" : \"age\"");
    expect_holds(get("/api/v1/streams/shop.people/columns"), "\"misfits\" : 1");
    expect_holds(get("/api/v1/streams/shop.people"), "\"tables\" : [\"shop.people\"]");
    expect_holds(get("/api/v1/workers"), "\"schedulers\" : [{");
    expect_holds(get("/api/v1/queue"), "\"queued\" : 0");
    expect_holds(get("/api/v1/active"), "{\"total\" : 0, \"runs\" : []}");
    expect_holds(get("/api/v1/overview"), "\"workers\" : 1");
    expect_get("/api/v1/streams?q=people", "200 {\"total\" : 1");
    stop();
}
END_TEST

START_TEST(a_definition_is_shown_without_what_is_secret)
{
    set_up();
    setenv("FLOW_TOKEN", "planted-secret-1", 1);
    pagetide_source(
        &pagetide, "shop",
        "source: shop\nbase_url: %s\n"
        "auth: {type: bearer, token: \"{{ env.FLOW_TOKEN }}\"}\nstreams:\n"
        "  orders: {path: /gen/page, headers: {X-Api-Key: lit}, "
        "params: {api_key: literal-4711, size: 5}}\n"
        "  others:\n    path: '/gen/page?api_key=planted-7&x={{ 1 + 1 }}&token=p8'\n"
        "    params: {access_token: 47114713}\n",
        mock.url);
    start();
    pagetide_await(&pagetide, "2", LIMIT_MS, "select count(*) from pagetide.stream");
    const char *shown = get("/api/v1/streams/shop.orders/definition");
    expect_get("/api/v1/streams/shop.orders/definition", "200 {");
    expect_holds(shown, "/gen/page");
    expect_holds(shown, "env.FLOW_TOKEN");
    expect_holds(shown, "<hidden>");
    expect_lacks(shown, "literal-4711");
    expect_lacks(shown, "\"lit\"");
    expect_lacks(shown, "planted-secret-1");
    expect_get("/api/v1/streams/shop.orders/definition?version=1", "200 {");
    shown = get("/api/v1/streams/shop.others/definition");
    expect_holds(shown, "/gen/page?api_key=<hidden>&x={{ 1 + 1 }}&token=<hidden>");
    expect_holds(shown, "access_token");
    expect_lacks(shown, "47114713");
    expect_get("/api/v1/streams/shop.orders/definition?version=9", "404 {");
    stop();
}
END_TEST

/* --- orders --- */

static void shop(void)
{
    pagetide_source(&pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n"
                    "  orders: {path: /gen/page, pagination: {type: page, total_pages_path: "
                    "pages}, merge_path: data}\n",
                    mock.url);
}

static bool is_paused(void)
{
    return !strcmp(SQL("select paused from pagetide.stream where name = 'shop.orders'"), "t");
}

START_TEST(only_the_own_page_may_order)
{
    static const char *const foreign[] = {
        "Host: localhost\r\n",                             /* a form */
        "Host: localhost\r\nOrigin: http://localhost\r\n", /* the same, ours */
        "Host: localhost\r\nX-Pagetide: 1\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nX-Pagetide: 1\r\nOrigin: http://localhost:3000\r\n",
        "Host: localhost\r\nX-Pagetide: 1\r\nOrigin: null\r\n",
        "Host: localhost\r\nX-Pagetide: 1\r\nSec-Fetch-Site: cross-site\r\n",
        "Host: localhost\r\nX-Pagetide: 1\r\nSec-Fetch-Site: same-site\r\n",
        "Host: evil.example\r\nX-Pagetide: 1\r\nOrigin: http://evil.example\r\n",
    };
    set_up();
    shop();
    start();
    pagetide_await(&pagetide, "1", LIMIT_MS, "select count(*) from pagetide.stream");
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        const char *said = talk("POST", "/api/v1/streams/shop.orders/pause", foreign[i], "");
        ck_assert_msg(strstr(said, " 403 ") || strstr(said, " 421 "), "%s: %s", foreign[i],
                      said);
        ck_assert_msg(!is_paused(), "%s", foreign[i]);
    }
    /* A browser asks first whether it may send such a header; nobody says yes. */
    const char *preflight = talk("OPTIONS", "/api/v1/streams/shop.orders/pause",
                                 "Host: localhost\r\nOrigin: http://evil.example\r\n", "");
    expect_status(preflight, "405");
    expect_lacks(preflight, "Access-Control");
    expect_status(talk("GET", "/api/v1/streams/shop.orders/pause", OURS, ""), "405");
    ck_assert(!is_paused());
    /* Nor does another page read anything. */
    expect_status(talk("GET", "/api/v1/streams", "Host: evil.example\r\n", ""), "421");
    expect_status(
        talk("GET", "/api/v1/streams", "Host: localhost\r\nSec-Fetch-Site: same-site\r\n", ""),
        "403");
    expect_status(post("/api/v1/streams/shop.orders/pause", ""), "200");
    ck_assert(is_paused());
    stop();
}
END_TEST

START_TEST(orders_do_what_the_commands_do)
{
    set_up();
    shop();
    start();
    pagetide_await(&pagetide, "1", LIMIT_MS, "select count(*) from pagetide.stream");
    expect_status(post("/api/v1/streams/shop.orders/pause", ""), "200");
    ck_assert(is_paused());
    expect_status(post("/api/v1/streams/shop.orders/resume", ""), "200");
    ck_assert(!is_paused());
    expect_status(post("/api/v1/streams/no.such/pause", ""), "404");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen\", \"kind\": \"slow_ms\", \"ms\": 300, \"times\": -1}");
    expect_holds(post("/api/v1/streams/shop.orders/reload", "{\"priority\": 9}"), "\"run\": 1");
    pagetide_await(&pagetide, "t", LIMIT_MS, "select page > 0 from pagetide.job");
    expect_holds(get("/api/v1/active"), "\"pages_total\" : 10");
    expect_status(post("/api/v1/runs/1/cancel", ""), "200");
    EXPECT_SQL("cancelled", "select state from pagetide.run");
    mock_post(&mock, "/_mock/reset", "{}");
    expect_status(post("/api/v1/runs/1/retry", ""), "200");
    pagetide_await(&pagetide, "succeeded", LIMIT_MS, "select state from pagetide.run");
    EXPECT_SQL("100", "select count(*) from shop.orders");
    const char *refused = post("/api/v1/runs/1/retry", "");
    expect_status(refused, "409");
    expect_holds(refused, "nothing of it has failed");
    refused = post("/api/v1/runs/1/retry?job=9", "");
    expect_status(refused, "409");
    expect_holds(refused, "run 1 has no job 9");
    expect_status(post("/api/v1/runs/1/cancel", ""), "409");
    expect_status(post("/api/v1/runs/77/cancel", ""), "404");
    refused = post("/api/v1/streams/shop.orders/reload", "{\"mode\": \"sideways\"}");
    expect_status(refused, "409");
    expect_holds(refused, "unknown mode");
    expect_status(post("/api/v1/streams/shop.orders/reload", "[]"), "400");
    expect_status(post("/api/v1/streams/shop.orders/reload", "{"), "400");
    expect_holds(pagetide_err(&up), "dashboard.order  /api/v1/runs/1/cancel: 200 ");
    stop();
}
END_TEST

static const char state_sql[] =
    "select md5(concat((select string_agg(s::text, ',' order by name) from pagetide.stream s), "
    "(select string_agg(r::text, ',' order by id) from pagetide.run r), "
    "(select string_agg(j::text, ',' order by id) from pagetide.job j), "
    "(select string_agg(q::text, ',' order by id) from pagetide.request q)))";

START_TEST(a_get_changes_nothing)
{
    static const char *const paths[] = {
        "/api/v1/overview",
        "/api/v1/streams",
        "/api/v1/streams/shop.orders",
        "/api/v1/streams/shop.orders/columns",
        "/api/v1/streams/shop.orders/definition",
        "/api/v1/streams/shop.orders/pause",
        "/api/v1/streams/shop.orders/reload",
        "/api/v1/runs/1/cancel",
        "/api/v1/runs/1/retry",
        "/api/v1/active",
        "/api/v1/runs",
        "/api/v1/runs/1",
        "/api/v1/runs/1/jobs/1/pages",
        "/api/v1/runs/1/rejects",
        "/api/v1/rejects",
        "/api/v1/misfits",
        "/api/v1/workers",
        "/api/v1/queue",
    };
    set_up();
    shop();
    start();
    pagetide_await(&pagetide, "1", LIMIT_MS, "select count(*) from pagetide.stream");
    expect_run(0, "sync shop.orders");
    const char *before = SQL(state_sql);
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        ck_assert_msg(!strncmp(get(paths[i]), "200", 3) || !strncmp(get(paths[i]), "405", 3),
                      "%s: %s", paths[i], get(paths[i]));
    ck_assert_str_eq(SQL(state_sql), before);
    /* What it asks by could not. */
    EXPECT_SQL("t", "select count(*) > 0 from pg_stat_activity where application_name like "
                    "'pagetide web-%%'");
    stop();
}
END_TEST

START_TEST(a_token_is_asked_for_but_not_for_the_page)
{
    set_up();
    shop();
    setenv("PAGETIDE_TOKEN", "open-sesame", 1);
    start();
    unsetenv("PAGETIDE_TOKEN");
    expect_get("/", "200 ");
    expect_get("/app.js", "200 ");
    expect_get("/api/v1/streams", "401 ");
    expect_get("/api/v1/events", "401 ");
    expect_status(post("/api/v1/streams/shop.orders/pause", ""), "401");
    const char *known = "Host: p.example\r\nAuthorization: Bearer open-sesame\r\n";
    expect_status(talk("GET", "/api/v1/streams", known, ""), "200");
    const char *foreign = "Host: p.example\r\nAuthorization: Bearer open-sesame\r\nX-Pagetide: "
                          "1\r\nOrigin: https://evil.example\r\n";
    expect_status(talk("POST", "/api/v1/streams/shop.orders/pause", foreign, ""), "403");
    const char *proxied = "Host: p.example\r\nAuthorization: Bearer open-sesame\r\nX-Pagetide: "
                          "1\r\nOrigin: https://p.example\r\n";
    pagetide_await(&pagetide, "1", LIMIT_MS, "select count(*) from pagetide.stream");
    expect_status(talk("POST", "/api/v1/streams/shop.orders/pause", proxied, ""), "200");
    stop();
}
END_TEST

/* --- events --- */

static int listen_to(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_usec = 100000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_gt(dprintf(fd, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"), 0);
    return fd;
}

/* Reads until the part has come; gives all that came. */
static const char *await_event(int fd, const char *part)
{
    static char text[1 << 20];
    size_t len = 0;
    int64_t deadline = pagetide_deadline(LIMIT_MS);
    text[0] = '\0';
    while (!strstr(text, part)) {
        ck_assert_msg(clock_mono_ms() < deadline && len < sizeof text - 1, "%s without %s",
                      text, part);
        ssize_t got = recv(fd, text + len, sizeof text - 1 - len, 0);
        ck_assert_msg(got != 0, "closed: %s without %s", text, part);
        len += got > 0 ? (size_t)got : 0;
        text[len] = '\0';
    }
    return text;
}

START_TEST(who_listens_hears_what_happens)
{
    set_up();
    shop();
    start();
    pagetide_await(&pagetide, "1", LIMIT_MS, "select count(*) from pagetide.stream");
    int fd = listen_to();
    const char *first = await_event(fd, "event: active\n");
    expect_holds(first, "Content-Type: text/event-stream\r\n");
    await_event(fd, "\n");
    /* By somebody else: found by looking. */
    expect_run(0, "pause shop.orders");
    await_event(fd, "event: change\ndata: {\"runs\":[]");
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen\", \"kind\": \"slow_ms\", \"ms\": 200, \"times\": -1}");
    post("/api/v1/streams/shop.orders/reload", "");
    await_event(fd, "\"stream\" : \"shop.orders\", \"state\" : \"running\"}");
    const char *active = await_event(fd, "\"pages_total\" : 10");
    for (const char *line = active; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        ck_assert_msg(!*line || *line == '\n' || *line == ':' || !strncmp(line, "event: ", 7) ||
                          !strncmp(line, "data: ", 6) || line == active,
                      "%s", line);
    }
    await_event(fd, "\"state\" : \"succeeded\"}");
    close(fd);
    stop();
}
END_TEST

START_TEST(sixteen_listen_at_most)
{
    enum { LISTENERS = 16 };
    int fds[LISTENERS];
    set_up();
    start();
    for (int i = 0; i < LISTENERS; i++) {
        fds[i] = listen_to();
        await_event(fds[i], ": hello");
    }
    expect_get("/api/v1/events", "503 ");
    expect_get("/api/v1/streams", "200 ");
    close(fds[0]);
    int64_t deadline = pagetide_deadline(LIMIT_MS);
    for (;;) {
        int fd = listen_to();
        char text[16] = "";
        usleep(50000);
        ssize_t got = recv(fd, text, sizeof text - 1, 0);
        close(fd);
        if (got > 12 && !strncmp(text, "HTTP/1.1 200", 12))
            break;
        ck_assert(clock_mono_ms() < deadline);
    }
    for (int i = 1; i < LISTENERS; i++)
        close(fds[i]);
    stop();
}
END_TEST

/* --- PostgreSQL away --- */

START_TEST(without_postgres_it_says_so_and_the_process_answers)
{
    struct test_postgres postgres;
    set_up();
    servers_postgres_start(&postgres);
    setenv("PAGETIDE_DATABASE_URL", postgres.url, 1);
    start();
    expect_get("/api/v1/streams", "200 ");
    kill(postgres.pid, SIGKILL);
    int64_t deadline = pagetide_deadline(LIMIT_MS);
    while (strcmp(get("/api/v1/runs"),
                  "503 {\"error\":\"PostgreSQL does not answer; the log says why\"}") != 0)
        ck_assert(clock_mono_ms() < deadline);
    expect_get("/healthz", "200 ");
    int fd = listen_to(); /* only now nothing is left that could answer */
    await_event(fd, ": hello");
    servers_postgres_restart(&postgres);
    await_event(fd, "event: active");
    deadline = clock_mono_ms() + LIMIT_MS;
    while (strncmp(get("/api/v1/runs"), "200 ", 4) != 0)
        ck_assert(clock_mono_ms() < deadline);
    close(fd);
    stop();
    servers_postgres_stop(&postgres);
}
END_TEST

SUITE("flow/dashboard", the_page_is_strict_and_small,
      two_thousand_streams_are_paged_and_searched, what_a_caller_chooses_has_a_range,
      a_run_is_shown_with_its_pages_rejects_and_misfits,
      a_definition_is_shown_without_what_is_secret, only_the_own_page_may_order,
      orders_do_what_the_commands_do, a_get_changes_nothing,
      a_token_is_asked_for_but_not_for_the_page, who_listens_hears_what_happens,
      sixteen_listen_at_most, without_postgres_it_says_so_and_the_process_answers)
