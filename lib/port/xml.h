#ifndef PORT_XML_H
#define PORT_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/*
 * XML 1.0 by libexpat, as events. The text is UTF-8, whatever its declaration says. Nothing is
 * fetched: external entities and what only an external DTD declares are errors where they are
 * used; entities of the text itself may become at most ten times its length, once that is over
 * a megabyte.
 *
 * Each handler returns false to stop; `ctx` knows why. Names are as written, with their
 * prefixes.
 */
struct xml_place;
struct xml_handlers {
    void *ctx;
    /* `attributes`: name, value, …, NULL. */
    bool (*on_start)(void *ctx, struct str name, const char *const *attributes,
                     const struct xml_place *place);
    bool (*on_text)(void *ctx, struct str text); /* a piece: others may follow */
    bool (*on_end)(void *ctx, const struct xml_place *place);
};

/* Of the tag that a handler is called for, while it is: the byte of its '<', and the one behind
 * its '>'. */
size_t xml_from(const struct xml_place *place);
size_t xml_to(const struct xml_place *place);

/* False: err, ERR_INPUT with line and column; *ret_is_truncated: the text ended too early. Not
 * set where a handler stopped without a cause that libexpat knows: then err says where. */
bool xml_parse(struct str text, const struct xml_handlers *handlers, bool *ret_is_truncated,
               struct err *err) MUST_CHECK;

#endif
