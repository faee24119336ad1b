#ifndef CONFIG_CATALOGUE_H
#define CONFIG_CATALOGUE_H

#include "config/key.h"

/*
 * The catalogue: how API servers that many people run are read. An entry is a file
 * config/catalogue/NAME.yaml, built into the program. It has the keys of a source, of
 * `defaults` and of streams, as a user's file has them, and besides at its top:
 *
 *     server    what it is called
 *     versions  those that tests/servers has read whole
 *     cannot    a list of texts: what no definition can get from this server
 *     needs     a map of variables that it uses and does not set: what each is
 *
 * What it says of itself is read by this; how a source is like one, like.h says.
 */
struct catalogue_entry {
    struct str name, file; /* "kinto", "catalogue/kinto.yaml" */
    struct str text;       /* of the file */
    struct str server;
    struct str *versions, *cannot, *streams; /* streams: names */
    size_t version_count, cannot_count, stream_count;
};

/* The name of each, in their order; empty behind the last. */
struct str catalogue_name(size_t index);

/* The nearest of the names, empty where none is near. */
struct str catalogue_nearest(struct str name);

/*
 * Its file, as a tree that lives in the arena; NULL if there is no such entry.
 */
struct yaml_node *catalogue_tree(struct arena *arena, struct str name);

/* False if there is no such entry. */
bool catalogue_find(struct arena *arena, struct str name,
                    struct catalogue_entry *ret_entry) MUST_CHECK;

#endif
