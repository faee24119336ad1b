#ifndef TESTS_SUPPORT_CHOICE_H
#define TESTS_SUPPORT_CHOICE_H

#include <stdbool.h>

#include "tests/support/blocks.h"

/*
 * FLOW=NAME in the environment chooses one case of a suite. NAME is the case's title, or a part
 * of one title alone, or `FILE: TITLE`, FILE without its folder and .txt.
 */

/* Looks NAME up in the tables that the pattern (glob(7)) matches. False, with the nearest
 * titles on stderr, where it is not one case's name; true where FLOW is not set. */
bool choice_make(const char *pattern);

/* Leaves the chosen case alone, or none; all of them where FLOW is not set. */
void choice_apply(struct blocks *blocks);

/* Is one case chosen? Totals are not checked then. */
bool choice_is_made(void);

#endif
