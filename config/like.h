#ifndef CONFIG_LIKE_H
#define CONFIG_LIKE_H

#include "config/names.h"

/*
 * `like`: a source is like an entry of the catalogue, and a stream of it, or its `defaults`,
 * like a stream of that entry. The entry's keys are then layers below the user's own (merge.c):
 *
 *     source: notes
 *     like: kinto                        # config/catalogue/kinto.yaml
 *     base_url: https://kinto.example
 *     streams:
 *       articles: {like: changes, vars: {bucket: blog, collection: articles}}
 *
 * An entry is like nothing: no circle can be.
 */

/*
 * Finds what `root`, a user's file, is like, and sets reader->like. False with a problem: there
 * is no such entry, or not what its `defaults` are like. Streams need not be read then.
 */
bool like_open(struct reader *reader, const struct yaml_node *root);

/* False with a problem: the source is like nothing, or the entry has no such stream. */
bool like_check(struct reader *reader, const struct yaml_node *stream);

/* The entry's stream that a stream of `source` is like, by itself or by `defaults`, or NULL. */
const struct yaml_node *like_stream(const struct reader *reader, const struct yaml_node *source,
                                    const struct yaml_node *stream);

/* Problems: a variable of the entry's `needs` that an expression uses, and no one has set. */
void like_check_needs(struct reader *reader, const struct names *names,
                      const struct yaml_node *map, const struct stream *stream);

#endif
