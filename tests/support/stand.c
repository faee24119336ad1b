#include "tests/support/stand.h"

#include <stdlib.h>

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
