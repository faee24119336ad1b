#ifndef WORKER_EXCHANGE_SCOPE_H
#define WORKER_EXCHANGE_SCOPE_H

#include "base/arena.h"
#include "config/stream.h"
#include "core/expr.h"
#include "core/job.h"
#include "port/http.h"
#include "worker/access/secrets.h"
#include "worker/signs/pager.h"

/*
 * What the names in a definition's expressions mean while a job runs: the run's values, which
 * do not change after its start, and those of the page just read.
 */
struct scope {
    struct expr_scope expr;    /* what expressions are evaluated in */
    const struct pager *pager; /* NULL while vars are evaluated: it has no value yet */
    struct value vars, partition, window, run, bookmark;
    struct value submitted, prepared; /* of `prepare`; undefined: not there yet, or never */
    struct secrets secrets;
    /* of the page just read; `response` undefined before the first */
    struct value response;
    int status;
    const struct http_header *headers;
    size_t header_count;
    int64_t iteration;   /* index of the page just read; 0 before the first */
    int64_t accumulated; /* records so far */
    struct str last;     /* JSON of the last of them; empty: not kept */
};

/*
 * Evaluates vars, reads the job's own values and the secrets that the stream uses. Strings are
 * in `arena`, in `job` or in the stream, which must last as long as the scope. The scope must
 * not be moved or copied afterwards: `expr` points into it. ERR_CONFIG: a missing secret;
 * ERR_INPUT: a failing expression in vars.
 */
bool scope_init(struct scope *scope, const struct job *job, const struct stream *stream,
                const char *secrets_dir, struct arena *arena, struct err *err) MUST_CHECK;

/*
 * From here on `bookmark` is `since`, as it was stored with a page, without `lookback`: the
 * paging begins anew there. `vars` are filled anew, too. In `arena`.
 */
bool scope_begin_at(struct scope *scope, const struct stream *stream, struct str since,
                    struct arena *arena, struct err *err) MUST_CHECK;

/* Nothing has been read yet: what a first request knows. */
void scope_forget_answers(struct scope *scope);

#endif
