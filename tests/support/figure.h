#ifndef TESTS_SUPPORT_FIGURE_H
#define TESTS_SUPPORT_FIGURE_H

/*
 * A figure that is promised: said on stdout ("figure", words, value, unit, bound, between tabs;
 * tools/run-tests.sh), and the test fails where it is not kept. Bounds are included.
 */
void figure_at_most(const char *words, double value, const char *unit, double limit);
void figure_at_least(const char *words, double value, const char *unit, double limit);

#endif
