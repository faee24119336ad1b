#ifndef BASE_STRUCTURED_H
#define BASE_STRUCTURED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

/*
 * Structured field values for HTTP (RFC 9651, which contains RFC 8941): lists and dictionaries,
 * read member by member, without memory of their own. Strict: a field that breaks the grammar
 * anywhere says nothing as a whole, so is_list or is_dictionary is asked first:
 *
 *     if (structured_is_list(text))
 *         for (struct structured at = structured_list(text); structured_next(&at, &item);)
 *             … structured_param(&item, "t") …
 *
 * All texts are borrowed from the field.
 */
enum structured_kind {
    STRUCTURED_INTEGER, /* `number`, at most 15 digits */
    STRUCTURED_DECIMAL, /* `text`, and `number` is what stands before the point */
    STRUCTURED_STRING,  /* `text`, with its backslashes */
    STRUCTURED_TOKEN,   /* `text` */
    STRUCTURED_BYTES,   /* `text` in base64 */
    STRUCTURED_BOOLEAN, /* `number` 0 or 1 */
    STRUCTURED_DATE,    /* `number`: seconds since 1970 */
    STRUCTURED_DISPLAY, /* `text`, with its percent signs */
    STRUCTURED_INNER,   /* `text`: a list in parentheses, without them */
};

struct structured_item {
    struct str key; /* of a dictionary's member, or a parameter */
    enum structured_kind kind;
    struct str text;
    int64_t number;
    struct str params; /* ";a=1;b"; empty: none */
};

struct structured {
    struct str rest;
    bool is_dictionary, has_begun, is_broken;
};

bool structured_is_list(struct str text) MUST_CHECK;
bool structured_is_dictionary(struct str text) MUST_CHECK;

struct structured structured_list(struct str text);
struct structured structured_dictionary(struct str text);

/* False: that was the last member, or the grammar is broken here (`is_broken`). */
bool structured_next(struct structured *at, struct structured_item *ret_item);

/* The last parameter of that name; false: there is none. */
bool structured_param(const struct structured_item *item, const char *name,
                      struct structured_item *ret_param);

#endif
