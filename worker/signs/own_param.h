#ifndef WORKER_SIGNS_OWN_PARAM_H
#define WORKER_SIGNS_OWN_PARAM_H

#include "config/stream.h"
#include "worker/signs/known.h"

/*
 * The parameters that a stream sends itself: in its query, or as members of its body, there one
 * level down too (`variables` of GraphQL).
 */
struct own_param {
    struct str place;   /* as the key `param` takes it: "page", "body:variables.after" */
    struct str name;    /* in the list */
    struct value value; /* undefined where an expression makes it */
};

/* The first that has a name of the list. */
bool own_param_find(const struct stream *stream, const struct known_list *list,
                    struct arena *arena, struct own_param *ret);

/*
 * A variable of the list that the text of a GraphQL query declares and the stream does not
 * send. Its value is null, as an API takes it.
 */
bool own_param_find_declared(const struct stream *stream, const struct known_list *list,
                             struct arena *arena, struct own_param *ret);

/* Does the stream send something at that place, or declare it as a variable? */
bool own_param_is_at(const struct stream *stream, struct str place, struct arena *arena);

/*
 * Where a parameter of that name goes, as the key `param` takes it: beside the stream's own
 * that says how many records a page has; else into the body of a request that has one and is no
 * GET; else into the query. Of a GraphQL request that is into its variables.
 */
struct str own_param_place(const struct stream *stream, const char *name, struct arena *arena);

/* --- the names that are tried --- */

/*
 * The names by which `auto` may send the place of the next page. Where known.h has several for
 * a field, they are tried in their order: the second page has to confirm one of them. A name
 * that the stream sends itself, with a meaning of its own, is none of them.
 */
struct param_names {
    struct str places[KNOWN_PARAMS_MAX]; /* as the key `param` takes them */
    size_t count;
};

/*
 * Of a field of known.h. `is_number`: its value is a page or an offset, else a cursor; a cursor
 * in a field that usually names a page goes by "cursor".
 */
void param_names_of(const struct known *known, bool is_number, const struct stream *stream,
                    struct arena *arena, struct param_names *ret);

/*
 * A page's number that the answer calls by the name of a parameter, such as `current_page`, may
 * go by that name too. The last word for a number that goes to `place` at first, which has the
 * name; empty: there is none. The name is tried behind the first.
 */
struct str param_names_own(const struct known *known, struct str place, struct arena *arena);
bool param_names_is_own(struct str word);

/*
 * Words (pager_words.h) with the n-th name behind the one that they have; 1 is the one next to
 * it. False: there is none, what the words have is certain or the last.
 */
bool param_names_other(struct str words, const struct stream *stream, size_t n,
                       struct arena *arena, struct str *ret_words);

#endif
