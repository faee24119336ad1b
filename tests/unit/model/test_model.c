#include "tests/support/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#define SUITE_TIMEOUT 300
#include "tests/support/suite.h"

enum { SEEDS = 100000, SEEDS_TO_FIND = 20000 };

/* PAGETIDE_TEST_SEED=N: that one alone, with all its events. */
START_TEST(nothing_is_lost_or_doubled)
{
    const char *one = getenv("PAGETIDE_TEST_SEED");
    uint64_t first = one ? strtoull(one, NULL, 10) : 1;
    int64_t began_ms = clock_mono_ms();
    for (uint64_t seed = first; seed < first + (one ? 1 : SEEDS); seed++) {
        const char *wrong = model_run(seed, &MODEL_ALL_RULES, one);
        ck_assert_msg(!wrong, "seed %" PRIu64 ": %s", seed, wrong);
    }
    printf("%d seeds in %lld ms\n", one ? 1 : SEEDS, (long long)(clock_mono_ms() - began_ms));
}
END_TEST

/* The model must notice that a rule is missing. */
static void check_finds(const struct model_rules *rules, const char *expected)
{
    for (uint64_t seed = 1; seed <= SEEDS_TO_FIND; seed++) {
        const char *wrong = model_run(seed, rules, false);
        if (!wrong || !str_eq(str_from(wrong), str_from(expected)))
            continue;
        printf("seed %" PRIu64 ": %s\n", seed, wrong);
        return;
    }
    ck_abort_msg("not found: %s", expected);
}

START_TEST(without_the_fence_the_page_of_another_is_taken)
{
    struct model_rules rules = MODEL_ALL_RULES;
    rules.fences = false;
    check_finds(&rules, "another page was taken for one that is in");
}
END_TEST

START_TEST(without_recognition_a_page_is_doubled)
{
    struct model_rules rules = MODEL_ALL_RULES;
    rules.recognises = false;
    check_finds(&rules, "a page was written twice");
}
END_TEST

START_TEST(without_adoption_pages_are_fetched_again)
{
    struct model_rules rules = MODEL_ALL_RULES;
    rules.adopts = false;
    check_finds(&rules, "a page was asked for again, and no worker was lost");
}
END_TEST

START_TEST(without_the_rebuild_a_run_does_not_end)
{
    struct model_rules rules = MODEL_ALL_RULES;
    rules.rebuilds = false;
    check_finds(&rules, "a run has not ended");
}
END_TEST

START_TEST(without_ids_a_request_is_run_twice)
{
    struct model_rules rules = MODEL_ALL_RULES;
    rules.knows_ids = false;
    check_finds(&rules, "a request was run more than once");
}
END_TEST

SUITE("model", nothing_is_lost_or_doubled, without_the_fence_the_page_of_another_is_taken,
      without_recognition_a_page_is_doubled, without_adoption_pages_are_fetched_again,
      without_the_rebuild_a_run_does_not_end, without_ids_a_request_is_run_twice)
