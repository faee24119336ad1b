#ifndef BASE_JSON_OUT_H
#define BASE_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * Writes one compact JSON text into a buffer, member by member; commas are its own affair:
 *
 *     struct json_out out = {.buf = &buf};
 *     json_out_open(&out, NULL, '{');
 *     json_out_int(&out, "page", 4);
 *     json_out_open(&out, "key", '[');
 *     json_out_str(&out, NULL, STR("id"));
 *     json_out_close(&out, ']');
 *     json_out_close(&out, '}');              // {"page":4,"key":["id"]}
 *
 * `key` is a literal that needs no escapes: the member's name inside an object, NULL inside an
 * array, at the top, and after json_out_name. Cannot fail: look at the buffer's
 * `has_overflowed` at the end. Keeps `buf` alone, and what is in it already stays.
 */
struct json_out {
    struct buf *buf;
    bool needs_comma; /* a value was written last, so the next key or value needs a comma */
};

/* `bracket` is '{' or '[', and '}' or ']' for its end. */
void json_out_open(struct json_out *out, const char *key, char bracket);
void json_out_close(struct json_out *out, char bracket);

/* A member's name that is data; its value follows with a NULL key. */
void json_out_name(struct json_out *out, struct str name);

void json_out_str(struct json_out *out, const char *key, struct str text);
void json_out_int(struct json_out *out, const char *key, int64_t number);
void json_out_bool(struct json_out *out, const char *key, bool flag);
void json_out_null(struct json_out *out, const char *key);

/* A whole JSON value, as it is. */
void json_out_raw(struct json_out *out, const char *key, struct str json);

/*
 * A JSON string with its quotes, at the end of a buffer. Quotes, backslashes and control
 * characters are escaped (RFC 8259, section 7); all other bytes stay, so UTF-8 stays UTF-8.
 */
void json_out_quote(struct buf *buf, struct str text);

#endif
