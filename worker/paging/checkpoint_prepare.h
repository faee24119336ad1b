#ifndef WORKER_PAGING_CHECKPOINT_PREPARE_H
#define WORKER_PAGING_CHECKPOINT_PREPARE_H

#include "base/json_out.h"
#include "worker/access/secret_refs.h"
#include "worker/signs/pager.h"

/*
 * What `prepare` has come to, as a member of the checkpoint, so that the work is asked about
 * again and not begun again:
 *
 *     "prepare": {"at": "1732872000000", "submitted": {"id": "r-17"}, "poll": "https://…",
 *                 "files": "3", "hash": "…"}
 *
 * `submitted` is what the definition's expressions read of it, at most PREPARED_BYTES_MAX.
 * What may be a credential in it is sealed (secret_refs.h): a text whose name says so, and a
 * link with a query, since that is how pre-signed links are made. Where the stream has no
 * secret to seal with, nothing is stored, and after a stop the work is begun again.
 */
enum { PREPARED_BYTES_MAX = 64 * 1024 };

/* Hides what must not be stored. `refs` gets the references; hidden last, and shown last. */
void checkpoint_prepare_hide(struct secret_refs *refs, struct pager_prepared *prepared);
bool checkpoint_prepare_show(struct secret_refs *refs, struct pager_prepared *prepared,
                             struct err *err) MUST_CHECK;

/* Nothing where no work was begun. */
void checkpoint_prepare_put(struct json_out *out, const struct pager_prepared *prepared);

/* Of the member; of what is none, no work was begun. Borrows from it. */
void checkpoint_prepare_read(struct value member, struct pager_prepared *ret_prepared);

#endif
