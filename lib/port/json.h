#ifndef PORT_JSON_H
#define PORT_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Small JSON documents (jansson): reload messages and their outcomes. Not for what an API sent:
 * its numbers keep their text in core/value.h.
 *
 *     json_new → json_set_… → json_write → json_free
 *     json_parse → json_get_… → json_free
 */
struct json; /* an object */

struct json *json_new(void) MUST_CHECK;
void json_free(struct json *json); /* NULL is fine */
void json_free_local(struct json **json);
#define AUTO_JSON CLEANUP(json_free_local)

/* The same key again replaces. Texts are UTF-8; any other text becomes null. */
void json_set_str(struct json *json, struct str key, struct str text);
void json_set_int(struct json *json, const char *key, int64_t number);

/* Compact, members in the order in which they were set; in the arena. */
struct str json_write(const struct json *json, struct arena *arena);

/* One object; ERR_INPUT with line and column. */
bool json_parse(struct str text, struct json **ret_json, struct err *err) MUST_CHECK;

/* Borrowed until json_free; empty or 0 if the member is absent or of another kind. */
struct str json_get_str(const struct json *json, const char *key);
int64_t json_get_int(const struct json *json, const char *key);

#endif
