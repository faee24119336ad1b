#ifndef TESTS_SUPPORT_STAND_H
#define TESTS_SUPPORT_STAND_H

#include "tests/support/mock.h"
#include "tests/support/pagetide.h"

/*
 * What most flow suites begin with: a program with a database of its own, whose batches do
 * not wait, and an API. Each test runs in a process of its own, and has one of each.
 *
 *     set_up → people, answer → expect_run … SQL, EXPECT_SQL → tear_down
 */
extern struct mock mock;
extern struct pagetide pagetide;

#define SQL(...)              pagetide_sql(&pagetide, __VA_ARGS__)
#define EXPECT_SQL(text, ...) ck_assert_str_eq(SQL(__VA_ARGS__), (text))

#define UPSERT "    write: upsert\n    key: id\n" /* among the keys of people */

void set_up(void);
void tear_down(void);

/* The source people with one stream, people.all: a page from /people, and `keys`, lines of YAML
 * indented by four. */
void people(const char *keys);
/* What /people answers from now on, JSON. */
void answer(const char *records);

/* pagetide_expect of the stand's program. */
struct pagetide_result expect_run(int code, const char *command);

/*
 * `kill -9` of the command, `times` times, each within `spread_ms` of 0.1 s after its start,
 * until the `runs` runs that it makes have succeeded: a quick machine is at the end before the
 * last kill, and what comes then would be another run. At last one goes on to the end.
 */
void kill_at_random(const char *command, int runs, int times, int spread_ms);

#endif
