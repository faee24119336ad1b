#define SUITE_TIMEOUT 600
#include <stdio.h>
#include <unistd.h>

#include "tests/support/flow.h"
#include "tests/support/suite.h"

/*
 * Each case of tests/tables/flows/ is recorded, and what was recorded is run again without the
 * API and without credentials: it must lead to the same rows, and hold no secret.
 */
static const char *const secrets[] = {"s3cr3t",   "planted",      "czNjcjN0",
                                      "c2VjcjN0", "NjcjN0K3Rva2", "%73%33"};

static const char *const variables[] = {"FLOW_TOKEN",    "CLIENT_SECRET", "WRONG_SECRET",
                                        "REFRESH_TOKEN", "SHOP_PASSWORD", "SHOP_TOKEN"};

static void set_variables(void)
{
    static const char *const values[] = {"s3cr3t+token/1", "s3cr3t-planted", "wr0ng-planted",
                                         "rt-1-planted",   "pa55-planted",   "t0ken-planted"};
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        setenv(variables[i], values[i], 1);
}

static void unset_variables(void)
{
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        unsetenv(variables[i]);
}

static int recorded;

/* The tables in which definitions ask, and answers come, in the most ways; and nobody waits. */
static const char *const tables[] = {"auth",    "formats",    "graphql", "merge",    "origins",
                                     "prepare", "partitions", "records", "requests", "tables"};

static void search(struct flow_bench *bench, const char *where, const char *text)
{
    for (size_t i = 0; i < COUNT_OF(secrets); i++)
        if (strstr(text, secrets[i]))
            buf_printf(&bench->problems, "%s: the recording holds %s\n", where, secrets[i]);
}

static void try_case(struct flow_bench *bench, const char *path, const struct block *test)
{
    AUTO_BUF(text, MIB(1));
    struct pagetide *pagetide = &bench->pagetide;
    const char *where = pagetide_text("%s:%d: %.*s", path, test->line, STR_ARG(test->title));
    const char *file = pagetide_text("%s/recorded.yaml", pagetide->dir);
    flow_script(bench, test);
    flow_put_definition(bench, test, "rec", &text);
    pagetide_source(pagetide, "s", "%.*s", STR_ARG(buf_str(&text)));
    unlink(file);
    set_variables();
    struct pagetide_result got =
        pagetide_run(pagetide, "record rec.s --pages 1000 -o %s", file);
    unset_variables();
    if (access(file, R_OK)) { /* a run would not come to its first request */
        if (!strstr(got.err, "nothing was asked for"))
            buf_printf(&bench->problems, "%s: %s\n", where, got.err);
        return;
    }
    recorded++;
    search(bench, where, pagetide_read(file));
    mock_post(&bench->mock, "/_mock/reset", "{}");
    got = pagetide_run(pagetide, "test %s --secrets-dir /nowhere", file);
    if (got.code || strstr(got.err, "Sanitizer"))
        buf_printf(&bench->problems, "%s: %s%s\n", where, got.out, got.err);
}

START_TEST(what_is_recorded_passes)
{
    struct flow_bench bench;
    flow_open(&bench);
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct blocks all =
            flow_read_cases(&bench, pagetide_text("tests/tables/flows/%s.txt", tables[i]));
        for (size_t j = 0; j < all.count; j++)
            try_case(&bench, all.path, &all.items[j]);
    }
    ck_assert(choice_is_made() || recorded > 250);
    flow_close(&bench);
}
END_TEST

SUITE_OF_TABLES("tests/tables/flows/*.txt", "flow/recorded", what_is_recorded_passes)
