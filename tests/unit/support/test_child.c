#include "tests/support/child.h"

#include "tests/support/mock.h"
#include "tests/support/suite.h"

/* Told to end before it has run at all: the signal is its own alone. */
START_TEST(a_child_that_is_stopped_at_once_ends_alone)
{
    enum { TIMES = 300 };
    for (int i = 0; i < TIMES; i++) {
        struct mock mock;
        mock_start(NULL, &mock);
        mock_stop(&mock);
    }
}
END_TEST

SUITE("support/child", a_child_that_is_stopped_at_once_ends_alone)
