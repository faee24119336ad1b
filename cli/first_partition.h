#ifndef CLI_FIRST_PARTITION_H
#define CLI_FIRST_PARTITION_H

#include "cli/cli.h"

/*
 * For the commands that look at a stream and begin no run: the partitions that its query gives
 * become those of the stream, where a database is at hand. Where none is, or the query fails,
 * that is said on stderr, and the stream has no partition. Returns how many there are.
 */
size_t first_partition_take(struct cli *cli, struct stream *stream);

#endif
