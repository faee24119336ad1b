#ifndef CLI_DEFINITION_PLACE_H
#define CLI_DEFINITION_PLACE_H

#include "cli/cli.h"
#include "port/yaml.h"

/*
 * Where its file says a key of a stream, after the streams were read: the file is read again,
 * once for all places of it that are asked for one after another.
 */
struct definition_places {
    struct cli *cli;
    struct source *const *sources;
    size_t source_count;
    struct str
        file; /* that was read last, and what is in it; NULL: it cannot be read any more */
    const struct yaml_node *root;
};

/*
 * "sources/shop.yaml:7:5", in the command's arena, of a stream of the sources; `key` as for
 * place_find (config/place.h). Empty where the file cannot be read any more, or has nothing of
 * it.
 */
struct str definition_place(struct definition_places *places, const struct stream *stream,
                            struct str key);

#endif
