#ifndef TESTS_SUPPORT_RANDOM_RUN_H
#define TESTS_SUPPORT_RANDOM_RUN_H

#include "core/job.h"
#include "tests/support/random_answer.h"
#include "tests/support/random_definition.h"

/*
 * What came of a run of a random definition on a random API, and whether that may be. These are
 * the promises:
 *
 *     1 The run ends within random_run_bound() requests.
 *     2 With a key no row is there twice.
 *     3 A run that is `proved` misses nothing.
 *     4 An API that does nothing wrong, read by a definition that fits it, is not accused: no
 *       end of it is `contradicted`, and what ends as `succeeded` misses nothing.
 *
 * What "missing" means. With a key: the key of a record that the API shows to anybody and that
 * is not in the table. A record that it hides is shown to nobody, so it cannot be missed.
 * Without a key a record is only counted: fewer rows than records that are shown. (A server
 * that changes a field at each request makes new records out of old ones, and a server that
 * sorts ties anew gives one record in the place of another; only a key tells.)
 *
 * A lie that is told consistently cannot be found, by nobody: everything that the last answer
 * says of the end says "this is the end", and its total is what was read. A reader would have
 * to ask for more after the API has told it three times that there is none. Promise 3 leaves it
 * out, unless the total may be recognised as that of one answer: it is the size of page that
 * was asked for.
 */
struct random_run {
    enum job_state state;
    enum job_complete complete;
    int requests, pages;
    int64_t read;                     /* records in the pages that count */
    int rows;                         /* in the table */
    bool has[RANDOM_RECORDS_MAX + 1]; /* the keys in the table */
    struct random_signs last;         /* of the last page that counts; a total that is asked for
                                         alone stands in for its own */
    int last_seen;                    /* records of it */
};

/*
 * The most requests of a run: one for each record (pages of one record, and a server that
 * ignores what is asked for is found at the second page), the empty pages that a definition
 * bears in a row, the pages in a row of the ids of earlier ones without a key, and some behind
 * the end. `auto` and response_based have a ceiling of their
 * own, max_iterations.
 */
int random_run_bound(const struct random_api *api, const struct random_definition *definition);

/* What is wrong with it, or NULL. */
const char *random_run_fault(const struct random_api *api,
                             const struct random_definition *definition,
                             const struct random_run *run);

/*
 * The seeds to run: `count` from `first` on, or those of PAGETIDE_TEST_SEEDS, such as
 * "7001-9000", or the one in PAGETIDE_TEST_SEED.
 */
struct random_seeds {
    uint64_t first, last;
};
struct random_seeds random_run_seeds(uint64_t first, uint64_t count);

/* Everything that is known of a seed's run, for a failed test. */
struct str random_run_describe(const struct random_api *api,
                               const struct random_definition *definition,
                               const struct random_run *run, struct arena *arena);

#endif
