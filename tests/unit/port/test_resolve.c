#include "port/resolve.h"

#include <arpa/inet.h>
#include <sys/resource.h>

#include "tests/support/suite.h"

struct seen {
    bool done;
    int calls;
    size_t count;
    int port;
    char text[RESOLVE_TEXT_BYTES];
    struct err err;
};

static struct loop *loop;

static void answered(void *ctx, const struct resolve_address *addresses, size_t count,
                     const struct err *err)
{
    struct seen *seen = ctx;
    seen->done = true;
    seen->calls++;
    seen->count = count;
    seen->err = err ? *err : (struct err)ERR_INIT;
    if (!count)
        return;
    resolve_format(&addresses[0], seen->text);
    seen->port = ntohs(((const struct sockaddr_in *)&addresses[0].addr)->sin_port);
}

static struct seen ask_with(const char *host, rlim_t descriptors)
{
    struct err err = ERR_INIT;
    struct rlimit usual, limit;
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    limit = usual;
    limit.rlim_cur = MIN(descriptors, usual.rlim_max);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    struct seen seen = {0};
    struct resolve *resolve = resolve_start(loop, str_from(host), 5432, answered, &seen);
    ck_assert_ptr_nonnull(resolve);
    ck_assert(!seen.done);
    ck_assert(loop_run_until(loop, &seen.done, 30000));
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
    loop_free(loop);
    return seen;
}

static struct seen ask(const char *host)
{
    return ask_with(host, RLIM_INFINITY);
}

START_TEST(takes_literals)
{
    struct seen seen = ask("192.0.2.7");
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_str_eq(seen.text, "192.0.2.7");
    ck_assert_int_eq(seen.port, 5432);
    seen = ask("2001:db8::1");
    ck_assert_str_eq(seen.text, "2001:db8::1");
}
END_TEST

START_TEST(asks_the_system_for_names)
{
    struct seen seen = ask("localhost");
    ck_assert_uint_ge(seen.count, 1);
    ck_assert_msg(!strcmp(seen.text, "127.0.0.1") || !strcmp(seen.text, "::1"), "%s",
                  seen.text);
    ck_assert_int_eq(seen.port, 5432);
}
END_TEST

START_TEST(reports_unknown_names)
{
    struct seen seen = ask("no-such-host.invalid");
    ck_assert_int_eq(seen.err.kind, ERR_AGAIN);
    ck_assert_ptr_nonnull(strstr(seen.err.text, "no-such-host.invalid"));
}
END_TEST

START_TEST(says_what_this_machine_lacks)
{
    struct seen seen = ask_with("localhost", 3);
    ck_assert_msg(seen.err.is_lack && seen.err.kind == ERR_AGAIN, "%s", seen.err.text);
    ck_assert_ptr_nonnull(strstr(seen.err.text, "localhost: this process has no file"));
}
END_TEST

START_TEST(cancelled_lookups_stay_silent)
{
    struct err err = ERR_INIT;
    ck_assert_ok(loop_new(&loop, &err), err);
    struct seen gone = {0}, kept = {0};
    const char *hosts[] = {"127.0.0.1", "localhost"};
    for (size_t i = 0; i < COUNT_OF(hosts); i++)
        resolve_cancel(resolve_start(loop, str_from(hosts[i]), 1, answered, &gone));
    struct resolve *resolve = resolve_start(loop, STR("localhost"), 1, answered, &kept);
    ck_assert_ptr_nonnull(resolve);
    ck_assert(loop_run_until(loop, &kept.done, 30000));
    ck_assert_int_eq(gone.calls, 0);
    ck_assert_int_eq(kept.calls, 1);
    loop_free(loop);
}
END_TEST

SUITE("port/resolve", takes_literals, asks_the_system_for_names, reports_unknown_names,
      says_what_this_machine_lacks, cancelled_lookups_stay_silent)
