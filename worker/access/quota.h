#ifndef WORKER_ACCESS_QUOTA_H
#define WORKER_ACCESS_QUOTA_H

#include <stdbool.h>

#include "base/str.h"
#include "port/http_answer.h"

/*
 * What the headers of an answer say of a quota: whether it is spent, and when there is more.
 * The forms are a table in quota.c; docs/answers.md names them.
 */
enum quota_unit {
    QUOTA_TIME,    /* as Retry-After: a date, or a number that may be seconds, epoch s or ms */
    QUOTA_RESET,   /* … or a duration: "6m0s" */
    QUOTA_SECONDS, /* a number, whatever its size */
    QUOTA_MS,
    QUOTA_CLOCK, /* "00:00:05" */
};

struct quota_wait {
    struct str name, value; /* not empty; borrowed from the answer, or literal */
    enum quota_unit unit;
    /* Of a quota that is spent by its own header. Else it counts where the answer is a 429, or
     * any quota is spent. */
    bool is_of_spent;
};

enum { QUOTA_WAITS_MAX = 16 };

struct quota_said {
    bool is_spent;
    struct quota_wait waits[QUOTA_WAITS_MAX]; /* in the order in which they are believed */
    size_t count;
};

void quota_read(const struct http_answer *answer, struct quota_said *ret_said);

/* "0", also as the first of a list or with parameters: "0;w=60", "0, 100". */
bool quota_is_zero(struct str text);

#endif
