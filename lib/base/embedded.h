#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

/*
 * Text files built into the binary by tools/embed.sh. Each table ends with an entry whose
 * name is NULL; entries are in the order of their file names.
 */
struct embedded {
    const char *name; /* file name without its folder: "0001_tables.sql" */
    const char *text;
};

extern const struct embedded embedded_tables[];    /* schema/tables */
extern const struct embedded embedded_functions[]; /* schema/functions */
extern const struct embedded embedded_apply[];     /* schema/apply.sql alone */
extern const struct embedded embedded_comments[];  /* schema/comments.sql alone */
extern const struct embedded embedded_lua[];       /* lib/core/lua */
extern const struct embedded embedded_page[];      /* web/index.html and its files */
extern const struct embedded embedded_queries[];   /* web/queries */
extern const struct embedded embedded_catalogue[]; /* config/catalogue */

#endif
