#ifndef CORE_VALUE_H
#define CORE_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json_out.h"
#include "base/str.h"

/*
 * A JSON value whose numbers keep their text, plus two that JSON has not: undefined (a name or
 * key that is not there) and omit (drop the key that holds it). Passed by value; what it points
 * to lives in an arena and is never changed after it was made.
 */
enum value_kind {
    VALUE_UNDEFINED,
    VALUE_OMIT,
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_LIST,
    VALUE_MAP,
};

struct value_list;
struct value_map;

struct value {
    enum value_kind kind;
    union {
        bool boolean;
        struct str text; /* NUMBER: as written. STRING: decoded, UTF-8. UNDEFINED: its name */
        const struct value_list *list;
        const struct value_map *map;
    };
};

/*
 * `hidden` elements at the front are counted but not kept (`accumulated`): items[0] is element
 * number `hidden`. 0 for every other list.
 */
struct value_list {
    struct value *items;
    size_t count;
    size_t hidden;
};

struct value_member {
    struct str key;
    struct value value;
};

struct value_map { /* in the order of the text; of equal keys the last stays, in the first's
                      place */
    struct value_member *members;
    size_t count;
};

#define UNDEFINED_VALUE ((struct value){.kind = VALUE_UNDEFINED})
#define NULL_VALUE      ((struct value){.kind = VALUE_NULL})

struct value value_bool(bool flag);
struct value value_int(struct arena *arena, int64_t number);
struct value value_string(struct str text);
struct value value_number(struct str text);
struct value value_from_list(const struct value_list *list); /* borrowed */

/* Undefined where there is no such key, index or the container is of another kind. */
struct value value_get(struct value map, struct str key);
struct value value_at(struct value list, size_t index);

/* Jinja's truth: false, 0, "", [], {}, null, undefined and omit are false. */
bool value_is_true(struct value value);

/*
 * A flag as APIs write them: 1 yes, 0 no, -1 neither. Yes is true, the words true, 1 and yes,
 * and any number but 0. No is false, null, 0, "", and the words false, 0, no, none and null.
 * Words count in any case.
 */
int value_flag(struct value value);

/*
 * A condition of a definition (where, when, continue_while): a flag where it is one; of the
 * rest any other text is true, and other kinds as value_is_true has them.
 */
bool value_holds(struct value value);

/* A count as APIs write them: a whole number of 0 or more (35.0 too), also as a string. */
bool value_count(struct value value, int64_t *ret_count) MUST_CHECK;

/* Undefined or omit, itself or anywhere inside. */
bool value_has_undefined(struct value value);

/* "null", "boolean", "number", "string", "list", "object", "undefined": for messages. */
const char *value_kind_name(enum value_kind kind);

/*
 * A range of bytes of the text that the parser jumps over, leaving an undefined value: the
 * records of a page, which are streamed and never built. from == to: nothing is skipped.
 */
struct value_skipped {
    size_t from, to;
};

#define VALUE_WHOLE ((struct value_skipped){0, 0})

enum { VALUE_COUNT_MAX = 10000000 }; /* of one text */

/*
 * Parses one JSON text (RFC 8259, strict; a leading BOM is skipped). Depth at most 512, numbers
 * at most 1,000 digits and an exponent of 400. Strings are decoded into the arena; a lone
 * surrogate escape and each byte that is not UTF-8 become U+FFFD, \u0000 becomes a NUL byte.
 * The text need not outlive the call. ERR_INPUT names the byte, line and column.
 */
bool value_parse(struct arena *arena, struct str text, struct value_skipped skipped,
                 struct value *ret, struct err *err) MUST_CHECK;

/*
 * Compact JSON; numbers as they were written; undefined and omit are written as null.
 * value_put writes into a text that is under way; `key` as in base/json_out.h.
 */
void value_format(struct buf *buf, struct value value);
void value_put(struct json_out *out, const char *key, struct value value);

/* Same kind and content; numbers by their text; maps regardless of order. */
bool value_same(struct value a, struct value b);

/* A copy that shares nothing with the original. */
struct value value_copy(struct arena *arena, struct value value);

#endif
