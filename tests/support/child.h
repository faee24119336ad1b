#ifndef TESTS_SUPPORT_CHILD_H
#define TESTS_SUPPORT_CHILD_H

#include <sys/types.h>

/*
 * fork for a process that serves a test. In the child SIGTERM and SIGINT have their default
 * from its first instruction on: Check's own handler, which it would inherit, passes them on to
 * the test. The child is killed when the test's process ends.
 */
pid_t child_fork(void);

#endif
