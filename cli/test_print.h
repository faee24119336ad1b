#ifndef CLI_TEST_PRINT_H
#define CLI_TEST_PRINT_H

#include "cli/cli.h"
#include "worker/rehearsal/difference.h"
#include "worker/rehearsal/rehearsal.h"

/* What `test` shows of one file, as text for people or as JSON, one object a line. */
enum test_result { TEST_PASSED, TEST_FAILED, TEST_UPDATED };

struct tested {
    const char *file;
    const struct recording *recording;
    const struct rehearsal *rehearsal;
    const struct differences *differences;
    enum test_result result;
};

void test_print(const struct cli *cli, const struct tested *tested);

/* A line for each request that nothing answers; or, where there is none, for each answer that
 * nothing asks for. */
void test_put_exchanges(struct buf *lines, const struct recording *recording,
                        const struct rehearsal *rehearsal);

/* Where recordings are, if nothing else is said: tests/ of the configuration folder. */
const char *tests_folder(const struct cli *cli);

/* The last line. */
void test_print_totals(const struct cli *cli, int passed, int failed);

#endif
