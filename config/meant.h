#ifndef CONFIG_MEANT_H
#define CONFIG_MEANT_H

#include "base/buf.h"
#include "port/yaml.h"

/*
 * What was meant by a value that its key does not take: `write: merge`, `retry: 5`. Only for
 * what a person wrote; nothing of the value itself is put, for it may be a credential.
 */

/*
 * Puts how it is written here, to stand behind "must be …, not …": "; here it is write: upsert"
 * for a word that others have for ours, "; as in retry: {max_attempts: 5}" for a value of
 * another kind. Nothing where neither is known.
 */
void meant_put(struct buf *buf, const struct yaml_node *node);

/* The PostgreSQL type that a word of other tools stands for: "text" for string. NULL: none. */
const char *meant_type(struct str word);

/* What stands for a name of other tools in expressions: "bookmark" for state. NULL: none. */
const char *meant_name(struct str word);

/* Is it one of the words, which blanks part, in lower case? primaryKey, primary-key and
 * PRIMARY_KEY are one word. */
bool meant_is_among(struct str word, const char *words);

/* A path without what JSONPath, jq and JSON pointers write around it: "$.data[*]" → "data".
 * In `arena` or of `text`. */
struct str meant_path(struct arena *arena, struct str text);

#endif
