#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 180 /* a Python for each case */
#include "tests/support/suite.h"

/* `config reference` and `config schema` against the files that are kept beside them. */
enum { SKIPPED = 77 };

static int shell(const char *command)
{
    int status = system(command);
    ck_assert_msg(WIFEXITED(status), "%s", command);
    return WEXITSTATUS(status);
}

START_TEST(docs_are_what_the_tables_say)
{
    const char *fresh = pagetide_text("%s/fresh-docs", pagetide_build());
    int code = shell(pagetide_text("rm -rf %s; tools/docs.sh %s %s && for f in %s/*; do "
                                   "diff docs/${f##*/} $f >&2 || exit 1; done",
                                   fresh, pagetide_build(), fresh, fresh));
    ck_assert_msg(code == 0, "docs/ is stale: run `make docs`");
}
END_TEST

static int validate(const char *files)
{
    return shell(pagetide_text("%s/pagetide config schema | "
                               "python3 tests/support/check_schema.py %s >&2",
                               pagetide_build(), files));
}

static const char *write_source(const char *text)
{
    const char *path = pagetide_text("%s/schema-%d.yaml", pagetide_build(), (int)getpid());
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    return path;
}

START_TEST(the_schema_takes_the_examples)
{
    int code = validate("config/examples/*.yaml");
    ck_assert_msg(code == 0 || code == SKIPPED, "exit code %d", code);
}
END_TEST

START_TEST(the_schema_takes_short_forms)
{
    int code = validate(
        write_source("source: s\nrate_limit: [10/s, {requests: 600, per: 1m}]\ntimeouts: 30s\n"
                     "streams: {o: {path: /o, bookmark: updated_at, columns: {id: bigint, n: "
                     "{type: text}},\n"
                     "  rate_limit: 600/min}}\n"));
    ck_assert_msg(code == 0 || code == SKIPPED, "exit code %d", code);
}
END_TEST

START_TEST(the_schema_refuses_what_the_reader_refuses)
{
    static const char *const bad[] = {
        "source: s\n",
        "source: s\nstreams: {o: {path: /o, patj: /x}}\n",
        "source: s\nstreams: {o: {path: /o, write: upset}}\n",
        "source: s\nstreams: {o: {path: /o, pagination: {type: page, cursor_path: x}}}\n",
        "source: s\nstreams: {o: {path: /o, retry: {max_attempts: 0}}}\n",
        "source: s\nstreams: {o: {path: /o, columns: {id: {path: id}}}}\n",
        "source: s\nlike: nothing\nstreams: {o: {path: /o}}\n",
        "source: s\nlike: kinto\nstreams: {o: {pagination: {typ: page}}}\n",
        "source: s\nschedule: '@daily'\nstreams: {o: {path: /o}}\n",
    };
    static const char good[] =
        "source: s\nbase_url: https://h.example\nheaders: {X: null}\n"
        "streams:\n  o:\n    path: /o\n    retry: {max_attempts: '3', max_delay: 2m}\n"
        "    pagination: {type: offset, size: 5, max_iterations: 3}\n"
        "    columns: {id: {type: bigint}}\n  p: {path: /p, pagination: none, columns: none}\n";
    static const char like[] = "source: s\nlike: rabbitmq\nauth: {user: a}\n"
                               "streams: {o: {like: queues, pagination: {size: 5}}}\n";
    if (validate(write_source(good)) == SKIPPED)
        return;
    ck_assert_int_eq(validate(write_source(good)), 0);
    ck_assert_int_eq(validate(write_source(like)), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(validate(write_source(bad[i])) == 1, "taken: %s", bad[i]);
    unlink(write_source(good));
}
END_TEST

SUITE("flow/reference", docs_are_what_the_tables_say, the_schema_takes_the_examples,
      the_schema_takes_short_forms, the_schema_refuses_what_the_reader_refuses)
