#ifndef TESTS_SUPPORT_SCHEMA_H
#define TESTS_SUPPORT_SCHEMA_H

#include <stdbool.h>

/*
 * The control schema for tests. All calls block and end the test where something goes wrong;
 * results are not freed: a test's process is short.
 */

/* A fresh database with the control schema; also the functions of
 * schema.c that make runs and marks short. */
const char *schema_database(void);

/* Several statements are one transaction. Text of the last one's first field. */
const char *schema_sql(const char *url, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A session of its own, for what two of them do at once. */
struct schema_session;
struct schema_session *schema_session_open(const char *url);
const char *schema_session_sql(struct schema_session *session, const char *sql);

/* Sends without waiting for the answer, and returns when the server is done with it or waits
 * for a lock: true if it waits. */
bool schema_session_send(struct schema_session *session, const char *sql);
const char *schema_session_answer(struct schema_session *session);

#endif
