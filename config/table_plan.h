#ifndef CONFIG_TABLE_PLAN_H
#define CONFIG_TABLE_PLAN_H

#include "base/json_out.h"
#include "config/stream.h"

/*
 * What functions in PostgreSQL want to know of a stream's table, as members of an object that
 * is open: `stream`, `schema`, `table`, and `partition` where it has partitions
 * (schema/functions/columns.sql, table_partitions.sql).
 */
void table_plan_put(struct json_out *out, const struct stream *stream);

/* `declared`: its declared columns. */
void table_plan_put_declared(struct json_out *out, const struct table *table);

#endif
