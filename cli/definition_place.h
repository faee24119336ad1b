#ifndef CLI_DEFINITION_PLACE_H
#define CLI_DEFINITION_PLACE_H

#include "cli/cli.h"

/*
 * Where its file says a key of a stream of `sources`, "sources/shop.yaml:7:5", in the command's
 * arena; `key` as for place_find (config/place.h). Reads the file again. Empty where it cannot
 * be read any more, or has nothing of it.
 */
struct str definition_place(struct cli *cli, struct source *const *sources, size_t count,
                            const struct stream *stream, struct str key);

#endif
