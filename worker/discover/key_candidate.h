#ifndef WORKER_DISCOVER_KEY_CANDIDATE_H
#define WORKER_DISCOVER_KEY_CANDIDATE_H

#include "base/arena.h"
#include "worker/records/record.h"

/*
 * Which field of the records that were seen could be their key: one that looks like an id by
 * its name, that every record has, as a number or a text, and that no two have alike.
 *
 *     ([key_candidates_restart] key_candidates_take … key_candidates_page_end)… → …_best
 */
enum { KEY_CANDIDATES_MAX = 8 };

struct key_candidates {
    struct arena *arena;
    struct key_candidate {
        struct str name;
        uint64_t *hashes; /* of the values; one for each record, as long as it may be a key */
        size_t count, capacity;
        bool is_out;
    } items[KEY_CANDIDATES_MAX];
    size_t count;
    size_t records, page_records; /* taken, and before the page under way */
};

/* The page is read from its beginning again: what was taken of it is forgotten. */
void key_candidates_restart(struct key_candidates *candidates);
void key_candidates_take(struct key_candidates *candidates, const struct record *record);
void key_candidates_page_end(struct key_candidates *candidates);

/* Empty: none, or fewer than two records. Borrowed from the arena. */
struct str key_candidates_best(struct key_candidates *candidates);

#endif
