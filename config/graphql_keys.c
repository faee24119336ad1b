#include "config/graphql_keys.h"

#define G(member) AT(struct graphql, member)
static const struct key graphql_list[] = {
    {.name = "query",
     .type = KEY_TEMPLATE_REF,
     .flags = KEY_REQUIRED | KEY_SECRETS,
     G(query),
     .help = "the text of the query"},
    {.name = "variables",
     .type = KEY_TEMPLATE_REF,
     .flags = KEY_SECRETS,
     G(variables),
     .help = "a map: the values of its variables"},
    {.name = "connection",
     .type = KEY_PATH,
     G(connection),
     .help = "where the connection is in `data`, whose pages are read: repository.issues; it "
             "selects nodes or edges { node }, and pageInfo { hasNextPage endCursor }"},
    {.name = "size",
     .type = KEY_COUNT,
     G(size),
     .min = 1,
     .help = "records per page, for the variable of the argument `first`; 100 where that has "
             "no other value"},
    KEY_END,
};

const struct keys graphql_keys = {graphql_list, sizeof(struct graphql)};
