#ifndef WORKER_DISCOVER_READING_H
#define WORKER_DISCOVER_READING_H

#include "port/http.h"
#include "port/loop.h"
#include "worker/discover/draft.h"
#include "worker/discover/preview.h"
#include "worker/discover/traits.h"

/*
 * One look at the API: the first pages of a draft, read by the same step machine as a worker's,
 * and what was seen of them. Requests are counted over all readings of a discovery.
 */
enum { READING_PAGES_MAX = 20, READING_URLS_MAX = 64 };

struct reader {
    struct loop *loop;
    const char *secrets_dir;
    struct arena *arena;               /* of the whole discovery: what readings hold */
    int requests;                      /* made so far */
    struct str sent[READING_URLS_MAX]; /* of each the URL, a line's end, the body */
    /* A request waits and is made again: for people; may be NULL. */
    void (*on_retry)(void *ctx, const struct err *err, int64_t delay_ms);
    void *ctx;
};

struct reading_page {
    size_t records;
    const uint64_t *ids; /* a hash for each: of its own id, else of its bytes */
    struct str next_url; /* empty: none */
};

struct reading {
    bool has_answer; /* to the first request, and this is it */
    int status;
    const struct http_header *headers;
    size_t header_count;
    struct str body;

    struct preview preview;
    struct reading_page pages[READING_PAGES_MAX];
    size_t page_count;     /* with records, read in a row */
    bool has_empty_page;   /* one without records came behind them */
    struct str paging;     /* what the pages followed, as YAML; empty: nothing was recognised */
    struct str place;      /* of a cursor: where the answer has it; empty: no cursor */
    int64_t start;         /* the number or offset of the first page; -1: not known */
    struct str merge_path; /* that was found, where the draft has none */
    enum job_complete complete; /* of the end, where one was reached */
    struct str why;             /* what decided behind the last page */
    struct str warning;
    struct traits traits;
};

/* Errors: no HTTP client can be made, or the draft is no definition (ERR_BUG). */
bool reading_take(struct reader *reader, const struct draft *draft, enum draft_use use,
                  int pages, struct reading *ret, struct err *err) MUST_CHECK;

/* Did it get at least one answer that could be read, and fail by nothing? */
bool reading_is_good(const struct reading *reading);

/* Has a request with such a parameter been made, in any reading? "page", "body:page". */
bool reading_has_asked(const struct reader *reader, struct str place);

/* How many records of `page` are in `of` too. */
size_t reading_count_shared(const struct reading_page *page, const struct reading_page *of);
/* Are its own records all different from each other's pages? */
bool reading_repeats(const struct reading *reading);

#endif
