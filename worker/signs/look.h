#ifndef WORKER_SIGNS_LOOK_H
#define WORKER_SIGNS_LOOK_H

#include "worker/signs/known.h"
#include "worker/signs/pager_step.h"

/*
 * What an answer tells of its paging, read by known names: by `auto`, which follows it, and by
 * the evidence of an end, which only looks.
 *
 * Places are the objects that such fields may be in: each of known_containers, in the body
 * itself and in each object on the way to the records. Of `data.items` these are the body and
 * `data`. A field of a record is never read, except where the body is the record.
 */
enum { LOOK_PLACES_MAX = 64 };

struct look_place {
    struct str path;    /* as a definition writes it; empty: the body */
    struct value value; /* an object */
};

struct look {
    struct arena *arena;
    const struct pager_facts *facts;
    bool is_record; /* the body is one record: counts in it are its own */
    struct look_place places[LOOK_PLACES_MAX];
    size_t place_count;
};

/* Borrows `facts` and what is in them; paths and values are in `arena`. */
void look_open(struct look *look, const struct pager_facts *facts, struct arena *arena);

/* A field, by its path below the place; undefined where it is not there. */
struct value look_read(const struct look *look, const struct look_place *place,
                       const char *field);
/* Its path from the body, as a definition writes it. */
struct str look_path(const struct look *look, const struct look_place *place,
                     const char *field);

/* What was found of a list: where, and its value. */
struct look_found {
    const struct known *known;
    struct str path;
    struct value value;
};

/* The first of the list, place by place, whose value is one that `fits`. */
typedef bool look_fits_fn(struct value value);
bool look_find_in(const struct look *look, const struct look_place *place,
                  const struct known_list *list, look_fits_fn *fits, struct look_found *ret);
bool look_find(const struct look *look, const struct known_list *list, look_fits_fn *fits,
               struct look_found *ret);

/* A header of the list whose value is one that `fits`; as text. */
bool look_find_header(const struct pager_facts *facts, const struct known_list *list,
                      look_fits_fn *fits, struct look_found *ret);

/*
 * A field `id` of the last record, "data[-1].id"; only where `response` has the records, and
 * keys alone lead to them.
 */
bool look_find_last_id(const struct look *look, struct str *ret_path);

/* A word that nothing follows: a flag that says no, a null link. *ret_what: "is false". */
bool look_says_last(const struct look *look, struct look_found *ret, const char **ret_what);

/* --- which values fit --- */

bool look_is_link(struct value value);   /* a URL, or an object with one as href */
bool look_is_cursor(struct value value); /* text, a number above 0, an object that is no link */
bool look_is_count(struct value value);
bool look_is_bool(struct value value); /* true or false, also as text, yes or no */
bool look_is_true(struct value value);
bool look_is_false(struct value value);
bool look_is_flag(struct value value); /* the same, or 0 or 1, also as text */
bool look_is_yes(struct value value);
bool look_is_no(struct value value);
bool look_is_nothing(struct value value); /* null or "" */
/* "null", "None", "#" …: as the URL of a page none of them is meant. A cursor that a definition
 * names may be called so, as a record may. */
bool look_is_word_for_nothing(struct value value);

/* --- a count of all records --- */

/*
 * `203`, `"203"` or `{"value": 203}`, with "relation": "eq" if with one. Numbers at which
 * servers stop counting (10000, 10001, 50000) and lower bounds are none. *ret_total may be set
 * where the result is false.
 */
bool look_read_total(struct value value, int64_t *ret_total);

/* Such a number or bound: the place is right, but it is no count of all. */
bool look_is_bound(struct value value);

/* --- the size of a page --- */

/* How many records the request asked for, in its URL or its body; -1: it does not say. */
int64_t look_asked_for(const struct pager_facts *facts, struct arena *arena);
int64_t look_asked_in_query(struct str url);

/* As many records as were asked for, or a number that is a usual size of pages. */
bool look_is_full(const struct pager_facts *facts, struct arena *arena);

#endif
