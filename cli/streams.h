#ifndef CLI_STREAMS_H
#define CLI_STREAMS_H

#include "cli/cli.h"

/*
 * Which streams a word of the command line means, among those of the folder:
 *
 *     shop.orders          this one
 *     shop                 all of a source
 *     'shop.*' '*.orders'  those whose names match, by * and ?
 *     sources/shop.yaml    all of a file
 *
 * They are appended to `streams`, which has room for all, each once. False where the word means
 * none, after saying so on stderr, with the nearest name: `command` begins the message.
 */
bool streams_find(struct cli *cli, const char *command, const char *word,
                  struct source *const *sources, size_t source_count, struct stream **streams,
                  size_t *count) MUST_CHECK;

/* The same for a command that takes one: reads the folder first. False after saying why. */
bool streams_find_one(struct cli *cli, const char *command, const char *word,
                      struct stream **ret_stream) MUST_CHECK;

/* What a stream fills: "shop.orders → shop.orders, shop.order_lines". */
void streams_put_tables(struct buf *line, const struct stream *stream);

/*
 * The same word for SQL: a pattern of LIKE for the names of streams that the database knows.
 * No file.
 */
struct str streams_pattern(struct arena *arena, const char *word);

#endif
