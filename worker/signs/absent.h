#ifndef WORKER_SIGNS_ABSENT_H
#define WORKER_SIGNS_ABSENT_H

#include "worker/signs/pager_step.h"

/*
 * A place that a definition names, and that the first page has not although it has records: it
 * may be misspelt. Adds a warning that names what is there instead, as a definition writes it,
 * and says how much such an end proves: ASSUMED. TOLD where the place is left out as APIs do
 * it: by a list of links without that one, an object with other links alone, or an object that
 * has no `next` beside a link of the page itself.
 *
 *   key       of the definition, for the warning: "next_path"
 *   locator   the place; a path or a header
 */
enum job_complete absent_place(struct pager_step *step, const char *key,
                               const struct locator *locator);

/*
 * Is the place left out as APIs say "no more" by it: `links[rel=next]` where `links` is there,
 * `_links.next` beside `_links.self`, `next` beside `first`?
 */
bool absent_is_left_out(const struct pager_step *step, const struct locator *locator);

/* As absent_place, of `rel`: the first page has a Link header without it, or none at all. */
enum job_complete absent_rel(struct pager_step *step, struct str rel);

/*
 * Warns of a first page that says that more follows where `auto` could not follow: with a
 * pagination that a definition may have, made of what the answer has.
 */
void absent_pagination(struct pager_step *step);

/*
 * Where a definition names no merge_path, and the body is an object that tells of its paging (a
 * next link, a cursor, a flag, or a count of all beside nothing else), the records are in a
 * list of it rather than the body itself.
 */
enum absent_list {
    ABSENT_LIST_NONE,    /* no list of objects, or the body is a record with an id */
    ABSENT_LIST_ONE,     /* *ret_names is its path */
    ABSENT_LIST_SEVERAL, /* *ret_names names some, for people */
    ABSENT_LIST_PERHAPS, /* the same, of one list or more, where nothing says that it is so */
};

/* `response` in facts->scope is the whole body. *ret_names is in the arena. */
enum absent_list absent_merge_path(const struct pager_facts *facts, struct arena *arena,
                                   struct str *ret_names);

/*
 * The path of the first list of objects below the root of a document, at most four steps long;
 * empty: there is none. XML without a merge_path is one record, whatever it holds.
 */
struct str absent_list_of_document(struct value document, struct arena *arena);

#endif
