#ifndef CONFIG_DEFINITION_H
#define CONFIG_DEFINITION_H

#include "config/graphql_keys.h"
#include "config/key.h"
#include "config/stream.h"

/*
 * One stream on its way from the file to `struct stream`:
 *
 *     merge_stream        source, defaults and stream → one map of nodes (merge.h)
 *     definition_init     what "not given" looks like
 *     keys_read           the map → struct definition, by definition_keys (keys.h)
 *     names_check         what the expressions name (names.h)
 *     check_definition    what no single key can know (check.h)
 *     spec_write          the same map → the JSON that is stored (spec.h)
 *
 * source.c takes these steps. A stored definition enters at definition_init.
 */
struct definition {
    struct stream stream; /* first: see pagination.h */

    /* Compiled to find their errors; check_request fills the stream's from their texts. */
    struct template base_url, path, url;
    struct graphql graphql; /* read to find its errors: it is written out by then */
};

/* Every key of a source and of its streams. */
extern const struct keys definition_keys;

void definition_init(struct definition *definition);

#endif
