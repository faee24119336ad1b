#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

#include <check.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/str.h"
#include "tests/support/choice.h"

/*
 * A test program is one Check suite: `SUITE("base/str", test_a, test_b)` at the end of the
 * file. Each test runs in a process of its own, with 60 s unless SUITE_TIMEOUT is defined.
 */
#ifndef SUITE_TIMEOUT
#define SUITE_TIMEOUT 60
#endif

#define SUITE(name, ...) SUITE_IF(true, name, __VA_ARGS__)

/* Of cases in tables of blocks, of which FLOW=NAME chooses one (choice.h). */
#define SUITE_OF_TABLES(pattern, name, ...) SUITE_IF(choice_make(pattern), name, __VA_ARGS__)

#define SUITE_IF(is_ready, name, ...)                                                          \
    int main(void)                                                                             \
    {                                                                                          \
        if (!(is_ready))                                                                       \
            return EXIT_FAILURE;                                                               \
        const TTest *const tests[] = {__VA_ARGS__};                                            \
        TCase *tcase = tcase_create("all");                                                    \
        tcase_set_timeout(tcase, SUITE_TIMEOUT);                                               \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)                            \
            tcase_add_test(tcase, tests[i]);                                                   \
        Suite *suite = suite_create(name);                                                     \
        suite_add_tcase(suite, tcase);                                                         \
        SRunner *runner = srunner_create(suite);                                               \
        srunner_run_all(runner, CK_NORMAL);                                                    \
        int failed = srunner_ntests_failed(runner);                                            \
        srunner_free(runner);                                                                  \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                           \
    }

#define ck_assert_str_is(text, literal)                                                        \
    do {                                                                                       \
        struct str ck_text_ = (text);                                                          \
        ck_assert_msg(str_is(ck_text_, literal), "'%.*s' is not '%s'", STR_ARG(ck_text_),      \
                      (const char *)(literal));                                                \
    } while (0)

/* The call must succeed; its error is shown otherwise. */
#define ck_assert_ok(call, err) ck_assert_msg((call), "%s", (err).text)

#endif
