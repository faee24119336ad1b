#ifndef CONFIG_CHECK_REQUEST_H
#define CONFIG_CHECK_REQUEST_H

#include "config/key.h"
#include "config/stream.h"

/*
 * A URL of `auth`: whole, or a path behind base_url; *ret is then what it comes to. It may be
 * that of another host.
 */
void check_request_url(struct reader *reader, const struct yaml_node *map,
                       const struct yaml_node *node, bool allow_http, struct template *ret);

/* `params` and `headers` of a request that is made beside those of the pages: NULL, or maps. */
void check_request_maps(struct reader *reader, const struct yaml_node *node,
                        const struct template *params, const struct template *headers);

/*
 * What is asked for: base_url, url and path together, headers, body. `map` is the merged map
 * that `stream` was read from. Fills base_url, url, path, and body_type where a body is given
 * without a type. Needs the pagination: its parameters may go into the body.
 */
void check_request(struct reader *reader, const struct yaml_node *map, struct stream *stream);

#endif
