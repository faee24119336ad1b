#ifndef CONFIG_JSON_SCHEMA_H
#define CONFIG_JSON_SCHEMA_H

#include "base/buf.h"

/*
 * The JSON Schema (draft 2020-12) of a source definition, for editors. As strict as the reader
 * on names and choices; where only the reader can judge (expressions, paths, what keys mean
 * together) it allows more.
 */
void json_schema_put(struct buf *buf);

#endif
