#ifndef WORKER_SIGNS_KNOWN_H
#define WORKER_SIGNS_KNOWN_H

#include <stddef.h>

#include "base/str.h"

/*
 * The names by which APIs tell of their paging: one table, for `auto` (pager_auto.h) and for
 * the evidence of an end (evidence.h). docs/complete.md lists them, and a test holds the two to
 * each other.
 *
 * A name in a body is a path below one of known_containers. A name of a header is in lower
 * case. Each stands for all its spellings (spell.h); one that is written as here goes first.
 */
struct known {
    const char *name;
    const char *param; /* the parameter that usually goes with it; NULL: none */
    const char *also;  /* others that go with it, in words; NULL: it is that one for certain */
};

/* Parameters that are tried for one name, `param` among them. */
enum { KNOWN_PARAMS_MAX = 4 };

struct known_list {
    const char *title; /* for the docs */
    const struct known *items;
    size_t count;
};

/* Objects of a body that hold the fields below; the first, "", is the body itself. */
extern const struct known_list known_containers;

/* --- in the body --- */

extern const struct known_list known_links; /* a URL, or an object with the URL as href */
extern const struct known_list
    known_cursors; /* what the next request sends back, if there is one */
extern const struct known_list known_numbers;    /* the number of this page */
extern const struct known_list known_offsets;    /* how many records come before this page */
extern const struct known_list known_pages;      /* how many pages there are */
extern const struct known_list known_totals;     /* how many records there are */
extern const struct known_list known_page_sizes; /* how many records a page may have */
extern const struct known_list known_flags;      /* true: more follows */
extern const struct known_list known_ends;       /* true: this is the last page */
/* Cursors that are there on the last page too: only beside a flag do they say that more
 * follows. */
extern const struct known_list known_reached;
extern const struct known known_last_id;   /* of the last record, in a list without a cursor */
extern const struct known known_end_token; /* beside `start` and the records in `chunk` */

/* --- of a body that is no page --- */

extern const struct known_list known_errors;    /* not empty: an error */
extern const struct known_list known_successes; /* false: an error */
extern const struct known_list known_statuses;  /* "error", "failed" or 500: an error */
extern const struct known_list
    known_messages; /* what goes with an error, and says nothing alone */

/* --- of a page that is not whole --- */

extern const struct known_list known_partials; /* true, or above 0: records are lacking */
extern const struct known_list known_wholes;   /* false: likewise */

/* --- headers --- */

extern const struct known_list known_total_headers;
extern const struct known_list known_pages_headers;
extern const struct known_list known_next_headers; /* a URL, or a cursor to send */
extern const struct known_list known_flag_headers; /* true: more follows */

/* --- parameters of a request --- */

extern const struct known_list known_page_params;
extern const struct known_list known_offset_params;
extern const struct known_list known_cursor_params;
/* How many records a page may have; `param` is the page or offset parameter beside it. */
extern const struct known_list known_size_params;

/* All of them, for the docs. */
extern const struct known_list *const known_lists[];
extern const size_t known_list_count;

/* The one of that name, else of another spelling of it (spell.h), or NULL. */
const struct known *known_find(const struct known_list *list, struct str name);

/* The one whose name, or a spelling of it, is the end of a path; or NULL. */
const struct known *known_find_at_end(const struct known_list *list, struct str path);

#endif
