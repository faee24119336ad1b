#ifndef WORKER_SIGNS_EVIDENCE_H
#define WORKER_SIGNS_EVIDENCE_H

#include "worker/signs/pager_step.h"

/*
 * What proves that a job has read all there is (docs/complete.md): the strongest sign of the
 * end, unless another sign says more.
 *
 *     proved         the API's own count of records was reached, or of one page
 *     told           no next link or cursor, a flag, a count of pages, an empty page, a rule of
 *                    `responses`
 *     assumed        one page, a short page, a limit of the definition
 *     contradicted   the answer says that more follows, and it is not read
 *
 * evidence_look adds the signs that the definition does not name: a count of all records in a
 * usual header or field proves the end or contradicts it; a next link, cursor, flag or count of
 * pages that is not followed contradicts it. Of a stream that wants no more (`none`,
 * response_based, a page parameter of its own) it makes the end doubtful instead.
 */
void evidence_look(struct pager_step *step);

/*
 * Keeps the count of all records that the first page has in step->next, for an end whose answer
 * has none.
 */
void evidence_remember(struct pager_step *step);

/* Does the page say that more follows, by any of those signs? *ret_why is in step->arena. */
bool evidence_says_more(struct pager_step *step, struct str *ret_why);

/* The same without counts of records: by a link, cursor, flag or count of pages. */
bool evidence_sees_more(struct pager_step *step, struct str *ret_why);

/*
 * May a count of all that is reached be wrong? Something else on the page says that more
 * follows; of pages by number on an empty page too, since one that says nothing is the end.
 */
bool evidence_doubts_count(struct pager_step *step);

/* Does a flag, a link that is null or a count of pages say that it is the last page? */
bool evidence_sees_end(struct pager_step *step);

/*
 * Of a page that another one follows by number or expression: why all may have been read with
 * it, a count that is reached. Empty: nothing says so. Some servers refuse the page behind the
 * last one: such a refusal is the end then. In step->arena.
 */
struct str evidence_reached(struct pager_step *step);

/*
 * Can a count of all be compared with what is read? Only where records are counted from the
 * first one on, one for each element of one list.
 */
bool evidence_counts_all(const struct pager *pager, const struct stream *stream);

/*
 * Did records come twice: more was read than `total`, which the API told on the first page and
 * again on this one? A total that grew meanwhile tells of nothing. Where a stream has a key the
 * keys tell better (`folded`), and allow_repeats says that it is meant.
 */
bool evidence_is_overrun(const struct pager_step *step, int64_t total);
/* Says so, by both signs at once; `name` is what tells the total. */
void evidence_sign_overrun(struct pager_step *step, struct str name, int64_t total,
                           int64_t reached);

/*
 * Ends what is asked for by number, and named by nothing as the last page, where more than
 * twice a total was read that the definition does not name, and at least 200 pages: as
 * evidence_is_overrun, both signs at once.
 */
void evidence_look_overrun(struct pager_step *step);

/*
 * Of an answer that a rule of `responses` calls the last: why the rule may be misspelt. It
 * leaves the job without any record, or the answer's own flag or count says that more follows.
 * A link says nothing here: behind the last page it is often stale. In step->arena; empty:
 * nothing.
 */
struct str evidence_against_rule(struct pager_step *step);

/* The warning of an end that is only assumed; `why` says what it is assumed from. */
struct str evidence_doubt(struct arena *arena, struct str why);

/*
 * Fills `complete` and `complete_why` of a decision that ends the job, and its warning where
 * the end is only assumed; leaves another as it is. Borrows the strings of the signs.
 */
void evidence_weigh(struct pager_step *step, struct pager_decision *decision);

#endif
