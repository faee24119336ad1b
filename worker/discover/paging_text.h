#ifndef WORKER_DISCOVER_PAGING_TEXT_H
#define WORKER_DISCOVER_PAGING_TEXT_H

#include "worker/signs/pager.h"

/*
 * What `auto` recognised, as a definition says it: "{type: page, param: \"page\", …}". `pager`
 * is the state behind a page; `start` is the number or offset of the first one, -1: not known.
 * Without the size of a page.
 */
struct str paging_text(struct arena *arena, const struct pager *pager, int64_t start);

/* With one more member, "size: 100", at the end. */
struct str paging_text_with(struct arena *arena, struct str paging, struct str member);

#endif
