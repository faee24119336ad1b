#ifndef TESTS_SUPPORT_SCHEMA_H
#define TESTS_SUPPORT_SCHEMA_H

#include <check.h>
#include <stdbool.h>

/*
 * The control schema for tests. All calls block and end the test where something goes wrong;
 * results are not freed: a test's process is short.
 */

/*
 * A fresh database with the control schema, and with these functions, which make runs and marks
 * short:
 *
 *   t_run(parts, write)        a run of shop.orders with that many partitions; its id
 *   t_take(job, who, crashed_too)  activates a job; the verdict
 *   t_mark(job, page, extra)   a mark of the job's current turn
 *   t_end(state, extra)        an end, to be put to a mark with ||
 *   t_commit(mark, mark, ...)  commits a batch without rows; t_told of it
 *   t_told(batch)              what commit_batch answers, as "0 applied; 1 skipped ended
 *                              succeeded run succeeded"
 *   t_age(who, interval)       a worker's last beat was so long ago
 *
 * It is a copy of a template that the first test of all makes.
 */
const char *schema_database(void);

/* A fresh database with the control schema alone, as `pagetide migrate` leaves it. */
const char *schema_bare_database(void);

/* Puts those functions into a database that has a control schema. */
void schema_put_helpers(const char *url);

/* The database that schema_database made last: the running test's. */
extern const char *schema_url;

#define ASK(...)          schema_sql(schema_url, __VA_ARGS__)
#define EXPECT(text, ...) ck_assert_str_eq(ASK(__VA_ARGS__), (text))

/* schema_database with a run of two jobs, 1 and 2, job 1 taken by w1. */
void schema_set_up_run(void);

/* schema_database with the stream shop.orders, scheduled by the hour, and no run. */
void schema_set_up_stream(const char *spec);

/* One reload message for shop.orders: state, run, reason. */
#define RELOAD(id, fields)                                                                     \
    "select concat_ws(' ', state, run, reason) from pagetide.reload('" id                      \
    "', 'shop.orders', '" fields "')"

/* Several statements are one transaction. Text of the last one's first field. */
const char *schema_sql(const char *url, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A session of its own, for what two of them do at once. */
struct schema_session;
struct schema_session *schema_session_open(const char *url);
const char *schema_session_sql(struct schema_session *session, const char *sql);
/* The first that it was notified of while it was asked last; "" where of nothing. */
const char *schema_session_note(struct schema_session *session);

/* Sends without waiting for the answer, and returns when the server is done with it or waits
 * for a lock: true if it waits. */
bool schema_session_send(struct schema_session *session, const char *sql);
const char *schema_session_answer(struct schema_session *session);

#endif
