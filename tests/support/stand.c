#include "tests/support/stand.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct mock mock;
struct pagetide pagetide;

void set_up(void)
{
    mock_start(NULL, &mock);
    pagetide_open(&pagetide);
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
}

void tear_down(void)
{
    pagetide_close(&pagetide);
    mock_stop(&mock);
}

void people(const char *keys)
{
    pagetide_source(&pagetide, "people",
                    "source: people\nbase_url: %s\nstreams:\n  all:\n    path: /people\n"
                    "    pagination: {type: none}\n%s",
                    mock.url, keys);
}

void answer(const char *records)
{
    mock_post(&mock, "/_mock/route",
              pagetide_text("{\"path\": \"/people\", \"answers\": [{\"body\": %s}]}", records));
}

struct pagetide_result expect_run(int code, const char *command)
{
    return pagetide_expect(&pagetide, code, command);
}

static bool have_succeeded(int runs)
{
    return !strcmp(pagetide_try_sql(&pagetide,
                                    "select count(*) >= %d from pagetide.run where state = "
                                    "'succeeded'",
                                    runs),
                   "t");
}

void kill_at_random(const char *command, int runs, int times, int spread_ms)
{
    struct rng rng;
    pagetide_seed(&rng);
    for (int i = 0; i < times && !have_succeeded(runs); i++) {
        struct pagetide_process process = pagetide_spawn(&pagetide, "%s", command);
        usleep((useconds_t)(100 + rng_below(&rng, (uint64_t)spread_ms)) * 1000);
        pagetide_kill(&process);
        pagetide_await_alone(&pagetide);
    }
    if (!have_succeeded(runs))
        expect_run(0, command);
}
