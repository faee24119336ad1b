#ifndef CONFIG_GRAPHQL_KEYS_H
#define CONFIG_GRAPHQL_KEYS_H

#include "config/key.h"

/* `graphql:` as it is read, to find its errors: it is written out by then (graphql.h). */
struct graphql {
    struct template *query, *variables;
    struct path connection;
    int64_t size;
};

extern const struct keys graphql_keys;

#endif
