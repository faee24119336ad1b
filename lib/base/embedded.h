#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include <stddef.h>

/*
 * Text files built into the binary by tools/embed.sh. Each table ends with an entry whose
 * name is NULL; entries are in the order of their file names.
 */
struct embedded {
    const char *name; /* file name without its folder: "0001_tables.sql" */
    const char *text;
};

extern const struct embedded embedded_lua[];     /* lib/core/lua */
extern const struct embedded embedded_queries[]; /* web/queries */

/* The same, as gzip has it: what is large and seldom read. port/unpack.h reads it. */
struct pack {
    const unsigned char *bytes;
    size_t len, text_len; /* of the bytes; of the text */
};
struct packed {
    const char *name;
    const struct pack *pack;
    size_t from, text_len; /* in its text; those of a table may be one text */
};

extern const struct packed packed_tables[];    /* schema/tables */
extern const struct packed packed_functions[]; /* schema/functions */
extern const char functions_digest[];      /* SHA-256 of packed_functions and packed_comments */
extern const struct packed packed_apply[]; /* schema/apply.sql alone */
extern const struct packed packed_comments[];  /* schema/comments.sql alone */
extern const struct packed packed_page[];      /* web/index.html and its files */
extern const struct packed packed_catalogue[]; /* config/catalogue */

#endif
