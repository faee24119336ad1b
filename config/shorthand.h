#ifndef CONFIG_SHORTHAND_H
#define CONFIG_SHORTHAND_H

#include "config/key.h"

/*
 * Short ways to write a key. They are written out in the tree before anything is merged or
 * read, so everybody else knows the long form alone:
 *
 *     columns: {id: bigint}    columns: {id: {type: bigint}}
 *     bookmark: updated_at     bookmark: {path: updated_at}
 *     bookmark: {from_response: x}   … with type: token
 *     timeouts: 30s            timeouts: {total: 30s}
 *     rate_limit: 600/min      rate_limit: {requests: 600, per: 1m}; also in a list
 */

/* `root` is a whole file's: its keys, those of `defaults` and of each stream. */
void shorthand_write_out_file(struct reader *reader, struct yaml_node *root);

/* `map` is the source's map, its `defaults` or one stream's; anything else is left alone. */
void shorthand_write_out(struct reader *reader, struct yaml_node *map);

/* The JSON Schema of a key's short form, NULL where it has none. For `columns` and a list of
 * limits: of one item. */
const char *shorthand_schema(const char *key);

#endif
