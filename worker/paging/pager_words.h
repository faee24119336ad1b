#ifndef WORKER_PAGING_PAGER_WORDS_H
#define WORKER_PAGING_PAGER_WORDS_H

#include "base/arena.h"
#include "config/stream.h"

/*
 * What `auto` recognised, as words that a checkpoint keeps: the type, where in the answer to
 * read, and the parameter to send ("cursor meta.next_cursor cursor", "link_header").
 *
 * Returns the pagination that the words mean, in `arena`, or NULL where they are
 * PAGER_WORDS_MAX bytes or more. *ret_words is a copy of them beside it. A type that is
 * not known becomes NONE, and a place that cannot be read is not given; words from pager_auto
 * have neither.
 */
enum { PAGER_WORDS_MAX = 256 };

const struct pagination *pager_words_parse(struct arena *arena, struct str words,
                                           struct str *ret_words);

#endif
