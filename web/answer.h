#ifndef WEB_ANSWER_H
#define WEB_ANSWER_H

#include "port/httpd.h"

/* What the API answers with. Nothing of it is kept by anybody (no-store). */

/* The text of web/queries/NAME.sql. */
const char *answer_query(const char *name);

void answer_json(struct httpd_call *call, int status, struct str json);

/* {"error": "…"} */
void answer_refuse(struct httpd_call *call, int status, struct str why);

/*
 * What PostgreSQL could not answer: 400 where a value cannot be one, 503 where it is away or a
 * lock is held, 504 where it took too long, else 500. Its own words stay here: they may name
 * what the caller need not know.
 */
void answer_error(struct httpd_call *call, const struct err *err);

/* Bytes to be saved, never shown: they are somebody else's. */
void answer_bytes(struct httpd_call *call, struct str bytes, int64_t id);

#endif
