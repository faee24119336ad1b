#ifndef WORKER_SIGNS_PAGER_STEP_H
#define WORKER_SIGNS_PAGER_STEP_H

#include "worker/signs/pager.h"

/*
 * One decision while it is made, and what the functions of a type may do to it: note what the
 * answer says about its end, keep a value for the next request, follow a link, fail. Only
 * pager_decide makes steps.
 */

/* What the page says about its end: one statement may contradict the other. */
struct pager_signs {
    bool has_end, has_more;
    struct str end_why, more_why; /* the first reason of each */
    enum job_complete proof;      /* of the strongest sign of the end */
    struct str proof_why;
    bool has_flag;    /* the flag of has_more_path is in the answer */
    bool is_explicit; /* a flag, a link or cursor that is null, a rule: no mere absence */
    bool has_pages;   /* the count of pages that the definition names is reached */
    struct str drift; /* why a count that is reached proves nothing: it was another before */
    bool is_by_total; /* has_more by a count alone, which the definition does not name */
    bool is_doubtful; /* the answer says "more", the definition wants no more */
};

struct pager_step {
    const struct pager *pager; /* the state that the page was asked from */
    const struct pager_facts *facts;
    struct arena *arena; /* of the next state */
    struct pager *next;  /* the state after the page; a type fills in where to go */
    struct pager_signs signs;
    struct pager_decision decision;
};

/*
 * Notes what the answer says about its end: `proof` is how much a sign of the end says (PROVED,
 * TOLD or ASSUMED). `why` must last as long as step->arena.
 */
void pager_step_sign_end(struct pager_step *step, enum job_complete proof, struct str why);
void pager_step_sign_more(struct pager_step *step, struct str why);

/*
 * The API counts `total` records of which `reached` were read: a total that can be trusted. How
 * many of those came twice is only known where they are stored. Nothing is noted of a stream
 * that makes one record of a response.
 */
void pager_step_note_total(struct pager_step *step, int64_t total, int64_t reached);

/*
 * Notes in step->next that an answer with records lacks what the definition names to tell the
 * end, such as "total_path: meta.count". It may be misspelt, and then nothing checks the end.
 */
void pager_step_lack(struct pager_step *step, const char *key, struct str place);

/* Adds to the warning of the decision. Borrows `what` or copies it into step->arena. */
void pager_step_warn(struct pager_step *step, struct str what);

/* Ends the step as failed, always false: `return pager_step_fail(step, REASON_EVAL);`. */
bool pager_step_fail(struct pager_step *step, enum job_reason reason);

/*
 * A copy of a value of the answer, to be part of the state. ERR_INPUT where it holds a NUL
 * character, which no checkpoint can hold (jsonb).
 */
bool pager_step_keep(struct pager_step *step, struct value value, struct value *ret,
                     struct err *err) MUST_CHECK;

/*
 * Makes a link the URL of the next page: resolved on the page's own URL, and without the
 * credentials that are parameters. ERR_INPUT, ERR_CONFIG where it leaves the stream's origin or
 * is no URL (access/origin.h).
 */
bool pager_step_take_link(struct pager_step *step, struct str link, bool *ret_is_home,
                          struct err *err) MUST_CHECK;

#endif
