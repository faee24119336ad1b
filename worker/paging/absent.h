#ifndef WORKER_PAGING_ABSENT_H
#define WORKER_PAGING_ABSENT_H

#include "worker/paging/pager_step.h"

/*
 * A place that a definition names, and that the first page has not although it has records: it may
 * be misspelt. Adds a warning that names what is there instead, as a definition writes it, and
 * says how much such an end proves: ASSUMED. TOLD where the place is left out as APIs do it: by a
 * list of links without that one, or an object with other links alone.
 *
 *   key       of the definition, for the warning: "next_path"
 *   locator   the place; a path or a header
 */
enum job_complete absent_place(struct pager_step *step, const char *key,
                               const struct locator *locator);

/* The same of `rel`, where the first page has a Link header without it, or none at all. */
enum job_complete absent_rel(struct pager_step *step, struct str rel);

#endif
