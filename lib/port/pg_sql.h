#ifndef PORT_PG_SQL_H
#define PORT_PG_SQL_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Words of a statement (PostgreSQL manual, "Lexical Structure"): an identifier in double
 * quotes, and a string in single ones, as standard_conforming_strings reads it. No NUL in
 * either.
 */
void pg_sql_put_identifier(struct buf *buf, struct str name);
void pg_sql_put_name(struct buf *buf, struct str schema, struct str name); /* schema.name */
void pg_sql_put_string(struct buf *buf, struct str text);

/* An identifier for people to read: in quotes only where PostgreSQL would read it otherwise,
 * as it does upper case and reserved words. */
void pg_sql_put_word(struct buf *buf, struct str name);

#endif
