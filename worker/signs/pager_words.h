#ifndef WORKER_SIGNS_PAGER_WORDS_H
#define WORKER_SIGNS_PAGER_WORDS_H

#include "base/arena.h"
#include "base/buf.h"
#include "config/stream.h"

/*
 * What `auto` recognised, as words that a checkpoint keeps: the type, where in the answer to
 * read, the parameter to send, and a flag of a cursor's ("cursor meta.next_cursor cursor",
 * "cursor_end nextPageStart start isLastPage", "page_total total body:page", "link_header").
 * `params` is a cursor that is a map of parameters to set, `last_id` one that is a field of the
 * last record; `_flag` reads a flag that is true while more follows, `_end` one that is true on
 * the last page, and `_open` none: only an empty page is the end.
 *
 * `declared` is the definition's `auto`: its total_path stands instead of the recognised one,
 * so that a page or offset ends by it.
 *
 * Returns the pagination that the words mean, in `arena`, or NULL where they are
 * PAGER_WORDS_MAX bytes or more. *ret_words is a copy of them beside it. A type that is
 * not known becomes NONE, and a place that cannot be read is not given; words from pager_auto
 * have neither.
 */
enum { PAGER_WORDS_MAX = 256 };

const struct pagination *pager_words_parse(struct arena *arena, struct str words,
                                           const struct pagination *declared,
                                           struct str *ret_words);

/* The words without the name that is still to be tried (own_param.h): what a person is shown. A
 * slice. */
struct str pager_words_shown(struct str words);

/* `, alone: ["verb"]`, where it goes alone. */
void pager_words_put_alone(struct buf *out, const struct pagination *how);

/* A warning: what is wrong with the paging that was recognised, and how a definition says
 * it. */
struct str pager_words_hint(struct arena *arena, struct str what, const struct pagination *how);

#endif
