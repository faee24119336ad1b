#ifndef CONFIG_CHECK_TABLE_H
#define CONFIG_CHECK_TABLE_H

#include "config/key.h"
#include "config/stream.h"

/*
 * Problems with a table and with the records that fill it, which take more than one key to see:
 * of a stream, or of one of its `tables`, whose keys are in `map`. Finds the anchors of `with`.
 */
void check_table(struct reader *reader, const struct yaml_node *map, struct stream *stream);

/* "50%": a share from `least` to 100, as PostgreSQL reads it too. */
bool check_table_is_share(struct str text, int64_t least) MUST_CHECK;

#endif
