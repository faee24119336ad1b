#ifndef WORKER_PAGING_PAGER_H
#define WORKER_PAGING_PAGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "core/job.h"
#include "port/http.h"

/*
 * Where a job's paging stands, and where it goes next. The state is small and copied by value;
 * its strings live in the arena that made it. It is what a checkpoint holds.
 *
 *     pager_start or checkpoint_read → [pager_params → request → answer → pager_next]…
 */
struct pager {
    const struct pagination
        *declared; /* the stream's: its limits hold whatever is recognised */
    const struct pagination
        *in_force;             /* where to read and what to send: `declared` or `auto`'s own */
    enum pagination_type type; /* of `in_force` */
    struct str recognised;     /* by `auto` on the first answer; empty otherwise; static */
    int page;                  /* pages read */
    int64_t records;           /* records read */
    int64_t number;            /* page number or offset of the next request */
    struct value cursor;       /* undefined: none to send */
    struct str url;            /* the next page's URL, absolute; empty: the stream's own */
    /* response_based, undefined if not given: maps of parameters and headers to set, the body
     */
    struct value params, headers, body;
    int64_t total;   /* what the API said last, -1: nothing */
    struct str last; /* JSON of the last record, if an expression wants it */
    bool done;
};

void pager_start(struct pager *pager, const struct pagination *def);

/* What the pager puts into the next request, over the stream's own of that name. */
enum { PAGER_PARAMS_MAX = 64 };

struct pager_param {
    const struct param_place *place;
    struct value value;
};

struct pager_params {
    struct pager_param items[PAGER_PARAMS_MAX];
    size_t count;
};

void pager_params(const struct pager *pager, struct arena *arena,
                  struct pager_params *ret_params);

/* `pager.page .offset .size .cursor` for expressions. */
struct value pager_value(const struct pager *pager, struct arena *arena);

/* What is known of the page just read. */
struct pager_facts {
    struct str url; /* it was read from, without credentials: base of relative links */
    const struct http_header *headers;
    size_t header_count;
    struct str own;       /* the stream's own URL: links stay on its origin */
    bool is_empty_answer; /* 204, or `responses` said so: there is no body to ask */
    bool is_last;         /* `responses` said that there is no more */
    int64_t seen;         /* records in the page */
    int64_t taken;        /* of those, after max_records */
    int64_t elapsed_ms;   /* since the job began */
    const struct stream *stream;
    const struct expr_scope *scope; /* knows `response` and `http` of this page */
};

enum pager_outcome {
    PAGER_MORE,
    PAGER_END,       /* the API said so */
    PAGER_TRUNCATED, /* stopped while more remains: reason LIMIT or INCONSISTENT_END */
    PAGER_FAILED,    /* the next step cannot be decided: err, reason */
};

struct pager_decision {
    enum pager_outcome outcome;
    enum job_reason reason;
    struct str why;        /* one sentence: what decided */
    int pages_total;       /* 0: unknown */
    struct str warning;    /* e.g. a total that changed; empty: none */
    struct str recognised; /* by `auto`, on the first answer; empty otherwise */
};

/*
 * The state after the page. `pager` stays as it is, so that a page that cannot be committed
 * changes nothing; strings of *ret_next stand in `arena`.
 */
struct pager_decision pager_next(const struct pager *pager, const struct pager_facts *facts,
                                 struct arena *arena, struct pager *ret_next,
                                 struct err *err) MUST_CHECK;

/*
 * The pagination behind the words that `auto` recognised it by ("cursor meta.next_cursor
 * cursor"), or NULL: for checkpoints. It lasts as long as the process.
 */
const struct pagination *pager_recognised(struct str words, struct str *ret_words);

#endif
