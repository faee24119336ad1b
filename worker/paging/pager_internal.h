#ifndef WORKER_PAGING_PAGER_INTERNAL_H
#define WORKER_PAGING_PAGER_INTERNAL_H

#include "worker/paging/pager.h"

/*
 * The inside of the pager, shared by pager.c (state and decision), pager_next.c (one function
 * per type), pager_response.c (response_based) and pager_auto.c (recognition).
 */

/* What the page's own words say about its end: one may contradict the other. */
struct signs {
    bool end, more;
    struct str end_why, more_why;
};

struct pager_step {
    const struct pager *pager;
    const struct pager_facts *facts;
    struct arena *arena;
    struct pager *next;
    struct signs signs;
    struct pager_decision decision;
};

/* The state after the page, by type, into step->next; false: step->decision says FAILED. */
bool pager_next_number(struct pager_step *step, struct err *err);
bool pager_next_cursor(struct pager_step *step, struct err *err);
bool pager_next_link(struct pager_step *step, struct err *err);
bool pager_next_url(struct pager_step *step, struct err *err);
bool pager_next_response(struct pager_step *step, struct err *err);
bool pager_next_auto(struct pager_step *step, struct err *err);

/* An answer without content: there is nothing in it to read. */
void pager_next_empty(struct pager_step *step);

/* Any of them, by step->pager->type. */
bool pager_next_by_type(struct pager_step *step, struct err *err);

/* What the answer says about its end; the first reason of each kind is kept. */
void pager_sign_end(struct pager_step *step, struct str why);
void pager_sign_more(struct pager_step *step, struct str why);

/* Ends the step as failed; for use as `return pager_fail(turn, REASON_EVAL);`. */
bool pager_fail(struct pager_step *step, enum job_reason reason);

/* Resolves a link against the page it stood in and keeps it on its origin. */
bool pager_take_link(struct pager_step *step, struct str link, struct err *err);

/* Makes a value of the answer part of the state: copied; refused where no checkpoint can hold
 * it. */
bool pager_keep(struct pager_step *step, struct value value, struct value *ret,
                struct err *err);

#endif
