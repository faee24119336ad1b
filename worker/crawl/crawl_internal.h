#ifndef WORKER_CRAWL_CRAWL_INTERNAL_H
#define WORKER_CRAWL_CRAWL_INTERNAL_H

#include "core/xml_json.h"
#include "worker/crawl/ahead.h"
#include "worker/crawl/authorise.h"
#include "worker/crawl/crawl.h"
#include "worker/crawl/legs.h"
#include "worker/crawl/prepare.h"
#include "worker/exchange/request.h"
#include "worker/exchange/scope.h"
#include "worker/pace/tally.h"
#include "worker/paging/checkpoint.h"
#include "worker/paging/guard.h"
#include "worker/rows/cut.h"

/*
 * The inside of a crawl, shared by crawl.c (its life and the driver), legs.c (from the job to
 * its first request, and to that of each of its partitions), step.c (from the request to the
 * rows), next.c (from the rows to the next request), trial.c (where that is a guess), twice.c
 * (pages and records that came before), prepare.c (what the API has to do before there is a
 * page) and count.c (the API's count of all, where a definition has it asked for: ask_count,
 * send, judge, count, or miss_count for every failure on the way).
 *
 * The steps of a page, in their order. Each is a function step_<name> that does one thing and
 * returns the step after it; only the driver in crawl.c calls them. PAUSE leaves the machine
 * until something comes back.
 */
#define STEPS(X)                                                                               \
    X(open)                                                                                    \
    X(leg)                                                                                     \
    X(idle)                                                                                    \
    X(ask)                                                                                     \
    X(prepare)                                                                                 \
    X(prepared)                                                                                \
    X(send)                                                                                    \
    X(judge)                                                                                   \
    X(cut)                                                                                     \
    X(next)                                                                                    \
    X(mark)                                                                                    \
    X(ask_count)                                                                               \
    X(count)                                                                                   \
    X(miss_count)

enum step {
#define X(name) STEP_##name,
    STEPS(X)
#undef X
        STEP_PAUSE,
};

/* How near the crawl is to its end: drawn at the top of crawl.c. */
enum phase {
    PHASE_WORKING, /* steps are made */
    PHASE_ENDING,  /* the end mark is on its way; nothing more is fetched */
    PHASE_FAILING, /* a batch failed: the end mark follows when no mark is under way */
    PHASE_ENDED,   /* PostgreSQL itself ended the job; the marks under way are refused */
    PHASE_LEAVING, /* no mark may follow; waiting for the outcomes of earlier ones */
    PHASE_OVER,    /* on_ended is due, or has come */
};

/*
 * How a job that has lost a worker is handled, until it has committed a page: that it has the
 * page in its hands is written down, and nothing else is done before the page is committed. So
 * it is known what kills workers, and a job that is healthy gets out of suspicion.
 */
enum care {
    CARE_NONE,
    CARE_FETCHING,
    CARE_AT_PAGE,    /* written down */
    CARE_COMMITTING, /* waits for the outcome */
};

/* What was decided on a page that is not marked yet; in the arena `next`. */
struct turned {
    struct pager next;
    struct pager_decision decision;
    struct request request; /* the next one, where there is one */
    struct str checkpoint;
    struct str ranges; /* of the jobs that share the pages behind it; empty: there are none */
    int kept;          /* … and how many of them are this job's own */
};

/*
 * The second page of a paging whose parameter `auto` chose is on trial (trial.c): it may be
 * refused, or be the first again. Then it is asked for by the next name that the parameter may
 * have, and nothing of the page is stored.
 */
struct trial {
    size_t count;                   /* other names that were tried */
    const struct pagination *first; /* the paging of the first name, to be shown */
    struct str words;               /* its words */
    struct str why;                 /* why it is none; empty: the page is no trial's */
    struct str tried;               /* the other names, for people */
    bool was_empty;                 /* one of the pages was, which may be the end */
};

struct crawl {
    const struct crawl_env *env;
    struct job job;
    struct arena *arena; /* as long as the crawl: the job, and its list of legs */
    struct arena *leg;   /* as long as the leg (legs.h): whatever came with its answers */
    struct arena *page;  /* this page: pager state, request, answer, scratch */
    struct arena *next;  /* the same of the page after it; the two swap */
    struct legs legs;
    struct loader *loader;
    const struct stream *stream;
    struct stream listed; /* the stream, with the merge_path that it does not name */
    struct scope scope;
    struct pager pager;
    struct str
        first_accept; /* the content type that the leg began with; empty: none is named */
    struct guard guard;
    struct crawl_past past;          /* what the guard is restored from */
    struct bookmark_counts bookmark; /* of the pages of this turn */
    enum met_state **met; /* what was told in this turn, by table (met.h); NULL: nothing yet */
    enum phase phase;
    enum step step;   /* the last one that was made */
    enum step resume; /* where a pause goes on */
    bool is_paused, is_starved, is_draining;
    bool is_set_back;    /* PostgreSQL has lost pages of the job */
    bool is_crowded_out; /* sent again when nothing else is in flight */
    enum care care;
    int64_t began_mono_ms; /* the job, in whatever process */
    int64_t began_at_ms;   /* this turn; wall clock */

    struct request request;
    struct http_call *call;
    struct ahead ahead;
    struct authorised authorised;
    struct throttle_pass pass;
    struct tally_wait starving;
    struct loop_timer *timer;
    const struct http_answer *answer; /* only while its callback runs */
    const struct err *failed;         /* only while its callback runs */
    int attempt, server_waits, redirects;
    int lacks; /* in a row: what the request needs is not there on this machine */
    int64_t retries, waited_ms; /* since the last mark */
    struct str warning;         /* for the next mark */
    bool has_told_wait, has_told_coding, has_told_charset, has_told_error, has_told_token,
        has_told_lack;
    int64_t fetched_at_ms, took_ms, body_wire_bytes; /* of the answer */

    struct buf body;
    /* Where the body was XML, it is JSON now. */
    struct {
        bool is_set; /* it is; else it could not be, and `err` says why */
        bool has_failed;
        struct buf sent; /* as it came */
        struct xml_json map;
        struct err err;
    } xml;
    struct cut cut;
    struct turned turned;
    struct overlap {   /* overlap.c */
        bool is_found; /* where the records read before end on the page: at `skip` */
        int64_t skip;
        int rereads; /* of this place */
    } overlap;
    bool is_body_empty;    /* 204, or `responses` said so */
    bool is_end_by_rule;   /* `responses` said that there is no more */
    bool is_page_by_rule;  /* `responses` said what the answer is */
    size_t end_rule;       /* … by the rule at this place of the list */
    bool is_behind_end;    /* it was refused, and all had been read before */
    struct str merge_note; /* what is the record, where the definition does not say it */
    struct str refusal;    /* why the server has no such page, of one on trial */
    struct trial trial;

    bool is_preparing; /* the request is one of the definition's `prepare` */
    struct prepare_state prepare;
    struct str
        end_checkpoint; /* goes with the end of the turn; empty: it leaves the last one */
    bool is_counting;   /* the request is that of the definition's `total` */
    /* Why the page that was read is none, where a count may say that it lies behind the end. */
    struct {
        bool is_set;
        struct err err;
        enum job_reason reason;
    } doubted;

    int pages_total; /* of the leg's paging; 0: the API does not say */
    size_t pending;  /* marks without an outcome yet */
    struct crawl_end end;
    struct err err; /* of the end */
    struct crawl_stats stats;
};

/* Each does one step and says which is next. */
#define X(name) enum step step_##name(struct crawl *crawl);
STEPS(X)
#undef X

/* Leaves the machine; crawl_resume goes on at `resume` (STEP_PAUSE: never). */
enum step crawl_pause(struct crawl *crawl, enum step resume);
void crawl_resume(struct crawl *crawl);
void crawl_go_to(struct crawl *crawl, enum step step); /* the same, at that step */

/*
 * Ends the job's turn after the pages that are already marked; crawl->err says why, where it
 * failed. crawl_fail adds the page that was being read.
 */
enum step crawl_end_turn(struct crawl *crawl, enum job_state state, enum job_reason reason);
enum step crawl_fail(struct crawl *crawl, enum job_reason reason);
enum step crawl_give_back(struct crawl *crawl);

/* Puts the end into the mark of the last page. */
void crawl_set_end(struct crawl *crawl, struct mark *mark, enum job_state state,
                   enum job_reason reason);
void crawl_put_mark(struct crawl *crawl, struct mark *mark);

/* Nothing comes back any more but the outcomes of marks. */
void crawl_quiet(struct crawl *crawl);

/* --- step.c --- */

/* A leg could not be begun for a lack (base/lack.h): the turn ends, and the job waits. */
enum step crawl_lack_at_open(struct crawl *crawl);

/* --- next.c --- */

/* While the page that was cut waits for its table: asks for those behind it, where they are
 * fetched side by side (`parallel`). */
void crawl_foresee(struct crawl *crawl);

/* --- prepare.c --- */

/* A request of `prepare` is refused with that status, or 0 where no answer came. */
enum step prepare_refused(struct crawl *crawl, int status, enum job_reason reason);

/* --- legs.c --- */

/* Goes on with the stream as if its merge_path were this. */
bool crawl_take_merge_path(struct crawl *crawl, struct str path);

/*
 * The same as crawl_set_end and crawl_end_turn for an end of the leg under way: where others
 * follow, the job goes on with them. crawl_after_end is the step after the mark.
 */
void crawl_set_leg_end(struct crawl *crawl, struct mark *mark, enum job_state state,
                       enum job_reason reason);
enum step crawl_after_end(struct crawl *crawl, const struct mark *mark);
enum step crawl_end_leg(struct crawl *crawl, enum job_state state, enum job_reason reason);

/* --- count.c --- */

/* Where a job that waits for its first page goes on; empty: no count was asked for. */
struct str crawl_counted_checkpoint(struct crawl *crawl);

/* --- trial.c --- */

/*
 * Is the page the second one of a paging whose parameter `auto` chose, or was all read by the
 * API's own count? Such a page may be refused, or be the first again. A link is the API's own
 * word, and never on trial.
 */
bool crawl_is_on_trial(const struct crawl *crawl);

/* Does the page on trial not confirm what was believed? Asked before the page is decided on. */
bool trial_has_failed(struct crawl *crawl);

/*
 * The same of an empty page, which may be the end: after the decision. Where no other name is
 * left it is the end, and *decision says how little that proves. Tells of the name that was
 * confirmed, too.
 */
bool trial_is_doubtful(struct crawl *crawl, struct pager_decision *decision);

/*
 * Makes crawl->request the one for the same page by another name. False without an error:
 * there is no other. `err` must be empty. The rows of the page must have left the batch.
 */
bool trial_ask_other(struct crawl *crawl, struct err *err);

/* How the job ends where no name is confirmed: with the first page. */
struct pager_decision trial_end(struct crawl *crawl);
/*
 * The page that was read fails for `reason` and crawl->err, unless it lies behind the last
 * one: the count is asked for first, where the definition has one. Nothing of the page is in
 * the batch. crawl_fail otherwise.
 */
enum step crawl_fail_if_not_end(struct crawl *crawl, enum job_reason reason);

/* The end is less sure than `require` of the stream: it fails. */
void crawl_check_required(struct crawl *crawl, struct pager_decision *decision);

/* What is to be said of its bookmark at the job's end. */
struct str crawl_bookmark_warning(struct crawl *crawl);

/* --- twice.c --- */

/* Does the page have the very ids of an earlier one, where no key tells its records apart? */
bool twice_has_own_ids(struct crawl *crawl);

/* False: the page, or so many in a row, came before: the paging goes in circles. */
bool twice_hold(struct crawl *crawl, struct err *err);

/*
 * Once for a page that is kept: neighbouring pages may share records, and without a key pages
 * may have the ids of earlier ones. The job says so at its end, with the counts of all pages.
 */
void twice_count(struct crawl *crawl, struct pager *next, struct pager_decision *decision);

/* --- overlap.c --- */

/* For the cut of the page that was asked for: which of its records came before. */
void overlap_expect(struct crawl *crawl, struct cut *cut);

/*
 * Are the records read before where they were looked for? Else the page has left the batch:
 * *ret_step says whether it is cut again, or asked for again from further back.
 */
bool overlap_holds(struct crawl *crawl, enum step *ret_step);

/* What the next page is compared with. */
void overlap_note(struct crawl *crawl, struct pager *next);

/* With `jobs`: pages that lie beside another job's are compared when both are read
 * (ranges.sql). After the page has been counted (twice_count). */
void overlap_note_borders(struct crawl *crawl, struct pager *next);

/* What the first page of this turn is compared with. */
void overlap_restore(struct crawl *crawl);

/* `drifted`, with what was found; empty: nothing. */
struct str overlap_warning(struct crawl *crawl, const struct pager *pager);

/* For an end that is found elsewhere: what is to be said, and what its proof is worth. */
struct str twice_warning(struct crawl *crawl, const struct pager *pager);
void twice_doubt_count(const struct crawl *crawl, const struct pager *pager,
                       struct pager_decision *decision);

enum job_state crawl_end_state(enum pager_outcome outcome);

/* What is known of the page that was answered, for decisions on it. */
struct pager_facts crawl_facts(const struct crawl *crawl);

/* Is the request one that is made beside those of the pages: of `total`, or of `prepare`? */
static inline bool crawl_is_beside(const struct crawl *crawl)
{
    return crawl->is_counting || crawl->is_preparing;
}

/* What is asked for next has attempts of its own. */
static inline void crawl_forget_attempts(struct crawl *crawl)
{
    crawl->attempt = crawl->server_waits = crawl->redirects = 0;
    crawl->authorised.renewals = 0;
}

/* Of the page's body, as it came. */
size_t crawl_body_bytes(const struct crawl *crawl);

/* Puts "GET https://…" before the error. */
void crawl_wrap_request(struct crawl *crawl);

#endif
