#ifndef WORKER_DISCOVER_TRAITS_H
#define WORKER_DISCOVER_TRAITS_H

#include "base/arena.h"
#include "worker/records/record.h"

/*
 * What the fields of the records that were read have in common: which could be their key, and
 * which tells when a record was changed.
 *
 *     ([traits_restart] traits_take … traits_page_end)… → traits_rank_key …
 *
 * Only fields of the first record count, TRAITS_MAX of them: a key is in all records.
 */
enum { TRAITS_MAX = 128 };

struct trait {
    struct str name;
    size_t times;     /* records that have it as a time of RFC 3339 */
    uint64_t *hashes; /* of those numbers and texts that it is */
    size_t count, capacity;
    struct str last_text;      /* of the latest time */
    int64_t first_us, last_us; /* of the times: the earliest, the latest */
};

struct traits {
    struct arena *arena;
    struct trait items[TRAITS_MAX];
    size_t count;
    size_t records;
};

/* `now` and, as it was at the end of the last page that counted, `then`. */
struct traits_pair {
    struct traits now, then;
};

void traits_init(struct traits_pair *pair, struct arena *arena);
void traits_take(struct traits_pair *pair, const struct record *record);
void traits_restart(struct traits_pair *pair);  /* what came since the last page is forgotten */
void traits_page_end(struct traits_pair *pair); /* it counts */

/* Does every record have it, as a number or a text, and no two the same? Of two or more. */
bool traits_is_unique(const struct traits *traits, const struct trait *trait);

/*
 * How good a key the field is by its name, the lower the better: `id` and its like, then
 * `order_id`, then `code`, `sku` …; 0: by its name it is none.
 */
int traits_rank_key(struct str name);

/*
 * The best two fields, by their names, that are only together different for every record, of
 * three or more. One has the name of an id; neither is different alone, but for a time.
 */
bool traits_find_pair(const struct traits *traits, const struct trait **ret_one,
                      const struct trait **ret_other);

/* A time in every record, by a name such as `updated_at`: when it was changed. */
bool traits_is_change(const struct traits *traits, const struct trait *trait);
/* The same of `created_at`. */
bool traits_is_creation(const struct traits *traits, const struct trait *trait);

#endif
