#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "port/crypto.h"
#include "port/http.h"
#include "port/json.h"
#include "port/signature.h"
#include "port/xml.h"
#include "port/yaml.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/*
 * What is asked of a library in a process that has `left` bytes and no page more: it is done,
 * or the process has ended as mem.h says. No error comes back: it would be somebody else's.
 */

enum { DONE = 0, REFUSED = 3 };

static struct mock mock;

/* --- no memory --- */

static void leave_only(size_t left)
{
    struct rlimit none = {.rlim_cur = 1, .rlim_max = 1};
    mallopt(M_MMAP_THRESHOLD, MIB(32)); /* what is freed stays with the heap */
    void *volatile reserve = malloc(left), *volatile taken;
    setrlimit(RLIMIT_AS, &none);
    for (size_t size = MIB(1); size >= 16; size /= 2)
        do
            taken = malloc(size);
        while (taken);
    free(reserve);
}

static void tell(const struct err *err)
{
    (void)!write(STDERR_FILENO, err->text, strlen(err->text));
    _exit(REFUSED);
}

/* What the process says and its wait status. */
static int run(void (*work)(size_t left), size_t left, char *ret_said, size_t size)
{
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        crypto_init();
        work(left);
        _exit(DONE);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], ret_said, size - 1);
    ret_said[MAX(got, 0)] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

/* From nothing to as much as the work needs. */
static void lacks(void (*work)(size_t left))
{
    enum { LEFT_MAX = MIB(4) };
    char said[512];
    int deaths = 0;
    if (pagetide_is_sanitized())
        return;
    for (size_t left = 0; left < LEFT_MAX; left += 64 + left / 16) {
        int status = run(work, left, said, sizeof said);
        if (WIFEXITED(status) && WEXITSTATUS(status) == DONE)
            break;
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
                      "%zu bytes left: status %x: %s", left, (unsigned)status, said);
        ck_assert_msg(strstr(said, "out of memory"), "%zu bytes left: %s", left, said);
        deaths++;
    }
    ck_assert_int_gt(deaths, 0);
}

/* --- libcurl, libevent, zlib --- */

static void answered(void *ctx, const struct http_answer *answer, const struct err *err)
{
    (void)answer;
    if (err)
        tell(err);
    *(bool *)ctx = true;
}

static void fetch(size_t left, const char *url)
{
    struct loop *loop;
    struct http *http;
    struct err err = ERR_INIT;
    bool is_done = false;
    if (!loop_new(&loop, &err) || !http_new(loop, &http, &err))
        tell(&err);
    struct http_request request = {.method = STR("GET"),
                                   .url = str_from(url),
                                   .timeouts = {5000, 5000, 5000, 20000},
                                   .max_body_bytes = MIB(1),
                                   .allow_private = true};
    leave_only(left);
    if (http_send(http, &request, answered, &is_done))
        loop_run_until(loop, &is_done, 30000);
}

static void fetch_page(size_t left)
{
    char url[128];
    snprintf(url, sizeof url, "%s/gen/page?per_page=5", mock.url);
    fetch(left, url);
}

START_TEST(a_page)
{
    mock_start(NULL, &mock);
    lacks(fetch_page);
    mock_stop(&mock);
}
END_TEST

START_TEST(a_page_in_gzip)
{
    mock_start(NULL, &mock);
    mock_post(&mock, "/_mock/fault",
              "{\"path\": \"/gen/page\", \"times\": -1, \"kind\": \"gzip\"}");
    lacks(fetch_page);
    mock_stop(&mock);
}
END_TEST

/* The thread that would ask for it has no room for its stack. */
static void fetch_by_name(size_t left)
{
    fetch(left, "https://no-such-host.invalid/");
}

START_TEST(a_name)
{
    char said[512];
    for (size_t left = KIB(64); left <= MIB(1) && !pagetide_is_sanitized(); left *= 4) {
        int status = run(fetch_by_name, left, said, sizeof said);
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %x: %s",
                      (unsigned)status, said);
        ck_assert_msg(strstr(said, "out of memory"), "%s", said);
    }
}
END_TEST

/* --- those that read texts --- */

static void ignore(void *ctx, int line, int column, const char *what)
{
    (void)ctx, (void)line, (void)column, (void)what;
}

static void read_yaml(size_t left)
{
    struct err err = ERR_INIT;
    struct arena *arena = arena_new();
    struct yaml_node *root;
    leave_only(left);
    if (!yaml_parse(arena, STR("{\"a\": [1, \"two\\nlines\", {\"b\": null}], \"c\": \"d\"}"),
                    ignore, NULL, &root, &err))
        tell(&err);
    if (!str_is(root->items[0]->items[1]->text, "two\nlines"))
        tell(&(struct err){.text = "another text"});
}

START_TEST(yaml)
{
    lacks(read_yaml);
}
END_TEST

static void read_json(size_t left)
{
    struct err err = ERR_INIT;
    struct json *json;
    struct arena *arena = arena_new();
    leave_only(left);
    if (!json_parse(STR("{\"a\": \"b\", \"c\": [1, 2, 3], \"d\": 7}"), &json, &err))
        tell(&err);
    json_set_str(json, STR("e"), STR("f"));
    if (!str_is(json_write(json, arena), "{\"a\":\"b\",\"c\":[1,2,3],\"d\":7,\"e\":\"f\"}"))
        tell(&(struct err){.text = "another text"});
}

START_TEST(json)
{
    lacks(read_json);
}
END_TEST

static bool on_start(void *ctx, struct str name, const char *const *attributes,
                     const struct xml_place *place)
{
    (void)ctx, (void)name, (void)attributes, (void)place;
    return true;
}

static bool on_text(void *ctx, struct str text)
{
    (void)ctx, (void)text;
    return true;
}

static bool on_end(void *ctx, const struct xml_place *place)
{
    (void)ctx, (void)place;
    return true;
}

static void read_xml(size_t left)
{
    static const struct xml_handlers handlers = {NULL, on_start, on_text, on_end};
    struct err err = ERR_INIT;
    bool is_truncated;
    leave_only(left);
    if (!xml_parse(STR("<a x=\"1\"><b>c</b></a>"), &handlers, &is_truncated, &err))
        tell(&err);
}

START_TEST(xml)
{
    lacks(read_xml);
}
END_TEST

/* --- OpenSSL: the key is that of RFC 7515, appendix A.3 --- */

#define KEY                                                                                    \
    "-----BEGIN PRIVATE KEY-----\n"                                                            \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"                       \
    "H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"                       \
    "7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"                               \
    "-----END PRIVATE KEY-----\n"

static void sign(size_t left)
{
    struct err err = ERR_INIT;
    struct arena *arena = arena_new();
    struct str signature;
    leave_only(left);
    if (!signature_make(SIGNATURE_ES256, STR(KEY), STR("text"), arena, &signature, &err))
        tell(&err);
}

START_TEST(a_signature)
{
    lacks(sign);
}
END_TEST

SUITE("port/no_memory", a_page, a_page_in_gzip, a_name, yaml, json, xml, a_signature)
