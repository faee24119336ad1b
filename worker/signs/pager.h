#ifndef WORKER_SIGNS_PAGER_H
#define WORKER_SIGNS_PAGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "core/job.h"
#include "port/http.h"

/*
 * The room signs/ has the state of paging, and what an answer says of it: known is the list of
 * names, look finds them in an answer, link reads Link headers, absent says what is there
 * where a definition looked in vain, evidence weighs what they prove about the end. It decides
 * nothing; paging/ does.
 *
 * Where a job's paging is. The state is small and copied by value; its strings and values live
 * in the arena of whatever made it. It is what a checkpoint holds.
 *
 *     pager_start or checkpoint_read → [pager_params → request → answer → pager_decide]…
 */
/*
 * The last page is read, and the API is asked for its count of all (`total` of the
 * definition). What the end is worth without that count; `complete` UNKNOWN: no count is due.
 */
struct pager_ending {
    enum job_complete complete;
    struct str why;
};

/*
 * What `total` of the definition counted before the first page was asked for: another count
 * behind the last one tells that records came or went while the pages were read.
 */
struct pager_counted {
    int64_t total;  /* -1: nothing is known */
    struct str why; /* … since it could not be read; empty: it was not asked for */
};

/*
 * What `prepare` has come to. In the leg's arena. A link is a credential where it has a query,
 * as those of pre-signed files do: the URLs of files are in no state, they are asked for anew.
 */
struct pager_prepared {
    int64_t at_ms;           /* when the work was begun, wall clock; 0: it is not */
    struct value submitted;  /* what expressions read of the answer then */
    struct str poll_url;     /* empty: the definition's own */
    int64_t files;           /* how many there are; 0: not known */
    struct str files_hash;   /* of their names */
    int64_t file;            /* the one under way, from 0, where a file has pages of its own */
    enum job_complete least; /* what the least certain end of those before it is worth */
};

/* What `overlap` has found: how often. */
struct pager_drift {
    int64_t shifted; /* the records read last stood elsewhere, and were found */
    int64_t missing; /* of these, records that were gone, or had changed */
    int64_t rereads; /* pages that were asked for again, further back */
    int64_t lost;    /* places where nothing of what was read before came again */
};

struct pager {
    const struct pagination *declared; /* the stream's; its limits hold for `auto` too */
    const struct pagination *in_force; /* `declared`, or what `auto` recognised */
    enum pagination_type type;         /* of `in_force`; NONE if `auto` found one page */
    struct str recognised;             /* words of what `auto` recognised; else empty */
    int leg;                           /* of the job; 0: it has none */
    int page;                          /* pages read, since the paging began anew */
    int64_t records;                   /* records read, likewise */
    int resets;                        /* how often `then: reset` has had it begin anew */
    int restarts;                      /* how often restart_after has */
    int pages_before;                  /* read before it did */
    int64_t records_before;
    struct str since;    /* the bookmark that it began anew with; empty: the job's own */
    struct str high;     /* restart_after: the highest bookmark of all pages; empty: none */
    int64_t number;      /* page number or offset of the next request */
    int64_t until;       /* the first one that is another job's (paging/ranges.h); 0: none is */
    bool is_split;       /* the pages that follow are shared; the job waits for the others */
    int64_t size;        /* what page_size_on_error has made of the page size; 0: as declared */
    int64_t good_pages;  /* that came with it */
    struct value cursor; /* undefined: none to send */
    struct str url;      /* the next page's URL, absolute; empty: the stream's own */
    struct value params; /* response_based; maps of what to set, undefined if not given */
    struct value headers;
    struct value body;   /* response_based and a link's; undefined if not given */
    bool merges_body;    /* its members are set in the stream's own body */
    struct str method;   /* of the next request; empty: the stream's */
    int64_t empty_pages; /* in a row, up to the page just read */
    int64_t back;        /* so many before the place reached the next request begins */
    struct str tail; /* ids of the records read last, 16 hex digits each; `overlap`, `jobs` */
    struct str head; /* the same of those that the range began with; `jobs` */
    struct pager_drift drift;
    int64_t overlaps;      /* records that the page before theirs had too */
    int64_t total;         /* how many records the API said first, -1: nothing */
    int64_t pages;         /* the same of pages, where the definition names a count of them */
    bool has_drifted;      /* what the definition names was another number on a later page */
    struct str last;       /* JSON of the last record, if an expression wants it */
    enum page_shape shape; /* at merge_path, of the pages read */
    struct value answer;   /* what the next request reads of the answer; undefined: nothing */
    struct str reached;    /* the count of the page just read that says that it was the last */
    struct str more;       /* where a count is asked for alone: what says, beside counts of
                              records, that more follows the page just read; empty: nothing */
    struct str lacks;      /* the count or flag that the definition names and no answer has */
    struct str names;      /* of the fields, where the bodies have them (records_names) */
    struct str merge_path; /* of the only list, where the definition has none; else empty */
    struct str accept; /* the content type that is asked for; empty: the first of the stream */
    struct pager_prepared prepared;
    bool is_file; /* `url` is that of a file that was prepared: it is shown without its query */
    struct pager_counted counted;
    struct pager_ending ending;
    bool is_done; /* no page follows */
};

/* The state before the first page. `declared` is kept: it must last as long as the state. */
void pager_start(struct pager *pager, const struct pagination *declared);

/*
 * The same state before the first page again, for a paging that is read from its beginning
 * once more: what was read counts as read before, and what was learned of the API stays.
 */
enum { PAGER_RESETS_MAX = 3 }; /* of `then: reset` */
void pager_begin_anew(struct pager *pager);

/* All pages of the job, also those that were read before the paging began anew. */
int pager_pages(const struct pager *pager);

/*
 * How many of all records were reached, `seen` of the page just read among them: to compare
 * with a total. What an offset's `start` leaves out counts; 0 and 1 are both the first record.
 */
int64_t pager_reached(const struct pager *pager, int64_t seen);

/* How many records a page is asked for with; 0: it is not said. */
int64_t pager_size(const struct pager *pager);

/* Asks for half as many from here on. False: for fewer than one, or it may not. */
bool pager_halve(struct pager *pager);

/* A page came: after PAGER_GOOD_PAGES of them its size is the declared one again. */
enum { PAGER_GOOD_PAGES = 10 };
void pager_grow(struct pager *pager);

/* By page number or offset: `number` is sent. */
bool pager_is_numbered(const struct pager *pager);

/* Nothing of the answer names the next page: a request may ask for one that is not there. */
bool pager_may_ask_behind_end(const struct pager *pager);

/*
 * What the pager puts into the next request; it replaces the stream's own of that name. At
 * most PAGER_MEMBERS_MAX of next_page.params, and as many of next_page.headers.
 */
enum { PAGER_MEMBERS_MAX = 64, PAGER_PARAMS_MAX = 2 * PAGER_MEMBERS_MAX };

struct pager_param {
    const struct param_place *place;
    struct value value;
};

struct pager_params {
    struct pager_param items[PAGER_PARAMS_MAX];
    size_t count;
};

/* Borrows from the pager, its pagination and `arena`. */
void pager_params(const struct pager *pager, struct arena *arena,
                  struct pager_params *ret_params);

/*
 * Does the stream's own parameter, or member of the body, go with the next request? Not where
 * the pagination is `alone` and a cursor is sent that an answer gave.
 */
bool pager_goes_along(const struct pager *pager, struct str name);

/* `pager.page .offset .size .cursor` for expressions. */
struct value pager_value(const struct pager *pager, struct arena *arena);

/* What pager_decide is given about the page just read. */
struct pager_facts {
    struct str url; /* of the page, without credentials: relative links are resolved on it */
    const struct http_header *headers;
    size_t header_count;
    struct str home_url;  /* the stream's own URL: links stay on its origin */
    bool is_empty_answer; /* 204, or `responses` said so: there is no body to ask */
    bool is_page_by_rule; /* `responses` said that it is a page, whatever it says itself */
    bool is_last;         /* `responses` said that there is no more */
    size_t rule;          /* is_last: the place of that rule in the list, from 0 */
    bool is_behind_end;   /* the page is refused, and `reached` says that there is none */
    int64_t files;        /* `prepare: then`: how many there are; 0: none is known */
    struct str file;      /* the URL of the one that the page is of */
    struct str next_file; /* … of the one behind it; empty: it is the last */
    int64_t seen;         /* records in the page */
    int64_t taken;        /* of those, after max_records */
    int64_t again;        /* before them: records that the pages before have, too (`overlap`) */
    int64_t elapsed_ms;   /* since the job began */
    const struct stream *stream;
    const struct expr_scope *scope; /* knows `response` and `http` of this page */
    struct arena *leg_arena;        /* lasts as long as the leg: what `auto` recognises */
};

enum pager_outcome {
    PAGER_MORE,
    PAGER_END,       /* the API said so */
    PAGER_TRUNCATED, /* stopped while more remains: reason LIMIT or INCONSISTENT_END */
    PAGER_BORDER,    /* what follows is another job's */
    PAGER_FAILED,    /* the next step cannot be decided: err, reason */
};

struct pager_decision {
    enum pager_outcome outcome;
    enum job_reason reason;
    struct str why;        /* one sentence: what decided */
    int pages_total;       /* 0: unknown */
    struct str warning;    /* e.g. a total that changed; empty: none */
    struct str recognised; /* by `auto`, on the first answer; empty otherwise */
    bool is_placed;        /* the stream itself asks for its page: one page is what it wants */
    enum job_complete complete; /* of END and TRUNCATED: what proves the end */
    struct str complete_why;    /* one sentence */
    int64_t total, reached; /* the API's count of all records, and how many of them were read
                                   up to here; total 0: none that can be trusted */
};

#endif
