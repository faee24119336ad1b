#ifndef WORKER_DISCOVER_DISCOVER_H
#define WORKER_DISCOVER_DISCOVER_H

#include "worker/discover/body_look.h"
#include "worker/discover/reading.h"

/*
 * Finds out how an API's list is read: its format, where the records are, how its pages follow
 * and how large they may be, the key, and when a record was changed. What comes out is a
 * draft, whose text is a definition.
 *
 *     draft_open, credentials → discover → draft_write
 *
 * The room discover/ is above crawl/: `reading` reads a draft by the machine that a run has;
 * `body_look` sees the format and the places of records, `paging_text` writes what `auto`
 * recognised, `guess` tries parameters where it recognised nothing, `page_size` and `since`
 * try theirs, `traits` knows the records' fields. What no page has confirmed is left out of the
 * draft, so that `auto` and its warnings stay in force, and said in a note.
 */
enum { DISCOVER_REQUESTS_MAX = 15, DISCOVER_PAGES = 5 };

struct discovery {
    struct arena *arena;
    struct reader reader;
    struct draft draft;
    struct notes notes;
    struct str given_key; /* YAML: the key is not looked for; empty: it is */
    int pages;            /* read to confirm, at most */

    struct reading look;       /* the first pages, by `auto` */
    struct reading pages_read; /* the pages by the draft's own pagination, or those of `look` */
    struct value body;         /* of the first answer; undefined where it is no JSON or XML */
    struct body_place places[BODY_PLACES_MAX]; /* of records in it */
    bool is_confirmed; /* the pagination: two pages came by it, without a record twice */
};

/*
 * False: it is no list that can be read, and `err` says why: ERR_INPUT where the API answers
 * and not with records, else as a preview has it.
 */
bool discover(struct discovery *discovery, struct err *err) MUST_CHECK;

/* May so many requests more be made? */
bool discover_may_ask(const struct discovery *discovery, int requests);

/* --- connection.c --- */

/*
 * Of a GraphQL query whose text says how its pages follow, that place becomes the draft's
 * connection. What the text lacks is said.
 */
void connection_find(struct discovery *discovery);

/* --- key.c --- */

/* The key, by the records that were read, where none is given. */
void key_find(struct discovery *discovery);

/* --- guess.c --- */

/*
 * Where `auto` has no way to the second page: tries usual parameters, and sets the draft's
 * pagination to the first that brings other records. False: none does.
 */
bool guess_paging(struct discovery *discovery, struct err *err) MUST_CHECK;

/* --- page_size.c --- */

/* Tries to get more records on a page, and puts what works into the draft. */
bool page_size_find(struct discovery *discovery, struct err *err) MUST_CHECK;
/* No size is asked for: an offset then grows by what was received. */
void page_size_leave_out(struct discovery *discovery);

/* --- since.c --- */

/* Finds a bookmark, and tries parameters that ask for what was changed. */
bool since_find(struct discovery *discovery, struct err *err) MUST_CHECK;

#endif
