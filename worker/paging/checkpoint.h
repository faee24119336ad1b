#ifndef WORKER_PAGING_CHECKPOINT_H
#define WORKER_PAGING_CHECKPOINT_H

#include "base/arena.h"
#include "base/err.h"
#include "worker/access/secrets.h"
#include "worker/signs/pager.h"

/*
 * The paging state after the last committed page, as JSON in pagetide.job:
 *
 *     {"v": 1, "type": "page", "page": "3", "records": "300", "number": "4", "total": "900",
 *      "cursor": …, "auto": …, "last": …,
 *      "next": {"url": …, "params": {"page": 4}, "headers": {}, "body": …}}
 *
 * Counts are strings, so that no reader rounds them. `number` is the next page number or
 * offset; `shape` is what stands at merge_path (list, object, scalar); `reached` the count that
 * says that the last page was read; `cursor` any JSON value; `next.url` the next link. `next`
 * is read again for the link and for response_based; for the other types it is there for
 * people. `auto` is what was recognised, `merge_path` the list that is the records where the
 * definition names none. After the last page "done": true is there in the place of `next`. No
 * credential is in it: the request is made anew from the definition, and of what the state
 * holds the texts of `secrets` (NULL: none) are references under "secrets".
 *
 * ERR_INPUT: the text is over 8 MiB, because an answer gave a cursor, a link or a last record
 * of that size.
 */
bool checkpoint_write(struct arena *arena, const struct pager *pager,
                      const struct secrets *secrets, struct str *ret_text,
                      struct err *err) MUST_CHECK;

/*
 * An empty text is the start. ERR_INPUT for what no Pagetide of this version wrote, or where it
 * names a secret that the definition does not use. Strings and values are in `arena`; what
 * `auto` recognised is in `leg_arena`, which must last as long as any state that follows from
 * this one, and so must `declared`.
 */
struct checkpoint_from {
    struct arena *arena, *leg_arena;
    const struct pagination *declared;
    const struct secrets *secrets; /* NULL: none */
};
bool checkpoint_read(const struct checkpoint_from *from, struct str text,
                     struct pager *ret_pager, struct err *err) MUST_CHECK;

#endif
