#ifndef CONFIG_COLUMNS_H
#define CONFIG_COLUMNS_H

#include "config/key.h"
#include "config/stream.h"

/* What a declared column says. */
extern const struct keys column_keys;

/* Reader of the key `columns`: infer, none, or an open map of columns. Fills struct table. */
void columns_read(struct reader *reader, const struct key *key, const struct yaml_node *node,
                  void *target);

/* The forms of `from`: one, or a list. *ret is in the reader's arena. */
void columns_read_forms(struct reader *reader, const struct yaml_node *node,
                        struct column_from **ret, size_t *ret_count);

/*
 * Is the text a type and nothing else? PostgreSQL itself judges the type; this only makes sure
 * that no default, no constraint and no second column follows it:
 *
 *     [ schema "." ] name [ "(" modifiers ")" ] [ with | without time zone ] [ array ]
 *         { "[" [ bound ] "]" }
 *
 * in ASCII letters, digits, blanks and _ . " (modifiers also , -), under 200 bytes. A name of
 * several words is one of PostgreSQL's own. The serials are not types: they make more than a
 * column. Also in SQL: if you change this, change pagetide.is_type_text and
 * tests/tables/rules/types.txt.
 */
bool columns_is_type(struct str type);

#endif
