#ifndef CONFIG_COLUMNS_H
#define CONFIG_COLUMNS_H

#include "config/key.h"
#include "config/stream.h"

/* What a declared column says. */
extern const struct keys column_keys;

/* Reader of the key `columns`: infer, none, or an open map of columns. Fills struct table. */
void columns_read(struct reader *reader, const struct key *key, const struct yaml_node *node,
                  void *target);

/*
 * May the text be put into DDL where a type goes? PostgreSQL itself judges the type; this only
 * makes sure that it is one type and not more of a statement:
 *
 *     name [ "(" modifiers ")" ] [ more words ] { "[" [ bound ] "]" }
 *
 * in ASCII letters, digits, blanks and _ . " (modifiers also , -), under 200 bytes. Also in
 * SQL: if you change this, change pagetide.is_type_text and tests/tables/rules/types.txt.
 */
bool columns_is_type(struct str type);

#endif
