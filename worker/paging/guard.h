#ifndef WORKER_PAGING_GUARD_H
#define WORKER_PAGING_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Finds a repeated page: the loop guard of a job. A job that makes the same request twice, or
 * gets the same records twice, goes in circles. Both hashes of each page are in the ledger
 * (pagetide.page) too, so that they outlive a process. It also counts records that neighbouring
 * pages share, for which it remembers one page.
 */
struct guard_set {
    uint64_t *slots; /* open addressing; 0 is empty, a hash of 0 is stored as 1 */
    size_t count, capacity;
};

struct guard {
    struct guard_set requests, records;
    struct guard_set
        page; /* what tells the records of the last page apart; empty: nothing does */
    struct guard_set own; /* hashes of the ids that the records of a page call their own */
    int own_row;          /* pages in a row that had the ids of an earlier one */
    int own_pages;        /* all pages of more than one record that had them */
    uint64_t last_single; /* records hash of the last page if that had one record, else 0 */
    int single_repeats;   /* how many pages in a row had just that record */
};

void guard_init(struct guard *guard);
void guard_done(struct guard *guard);

bool guard_knows_request(const struct guard *guard, uint64_t hash);

/*
 * Have these records come before? Pages without records never count; a page of one record
 * counts when it comes for the third time in a row.
 */
bool guard_knows_records(const struct guard *guard, uint64_t hash, int64_t records);

/* Is a page of one record the one before it again? */
bool guard_is_last(const struct guard *guard, uint64_t hash, int64_t records);

/* Remembers a page that is read, after it was looked up. */
void guard_add(struct guard *guard, uint64_t request_hash, uint64_t records_hash,
               int64_t records);

/*
 * How many of a page's records were on the page before too: rows moved while they were paged.
 * `ids` are what tells its records apart; they are remembered for the next page. A page of one
 * record, or with records that nothing tells apart, is not compared with the page after it.
 */
int64_t guard_overlap(struct guard *guard, const uint64_t *ids, size_t count);

/* Is there a page before that the next one is compared with? */
bool guard_compares(const struct guard *guard);

/* The same count, and the page before stays the one to compare with. */
int64_t guard_count_overlap(const struct guard *guard, const uint64_t *ids, size_t count);

/*
 * Without a key, a field that changes with each request makes other records of the same ones.
 * What they call themselves (records/own_ids.h) is weaker evidence: snapshots of the same
 * things, page by page, have the same ids too. So many pages in a row are enough all the same.
 * The ledger has none of it: a job that goes on elsewhere counts anew.
 */
enum { GUARD_OWN_ROW_MAX = 100 };

/* Has an earlier page just these ids? `own` 0: the page has none, and leaves all as it is. */
bool guard_knows_own(const struct guard *guard, uint64_t own);
void guard_add_own(struct guard *guard, uint64_t own, bool tells, int64_t records);

/*
 * Remembers `count` earlier pages, oldest first, as the ledger has them: hashes with their bits
 * as int64_t; a records hash of 0 is a page without records. The arrays are not kept. The
 * ledger does not say how many records a page had, so the last page counts as one of one record
 * too.
 */
void guard_restore(struct guard *guard, const int64_t *request_hashes,
                   const int64_t *records_hashes, size_t count);

#endif
