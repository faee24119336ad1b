#ifndef CONFIG_COLUMNS_H
#define CONFIG_COLUMNS_H

#include "config/key.h"
#include "config/stream.h"

/* What a declared column says. */
extern const struct keys column_keys;

/* Reader of the key `columns`: infer, none, or an open map of columns. Fills struct table. */
void columns_read(struct reader *reader, const struct key *key, const struct yaml_node *node,
                  void *target);

#endif
