#include "worker/discover/key_candidate.h"

#include "port/hash.h"
#include "worker/records/own_ids.h"

/* Hashes of so many records are kept; more say nothing new. */
enum { RECORDS_TAKEN_MAX = 100000, RANK_LAST = 100 };

/* The better, the lower; 0: no name of an id. */
static int rank_of(struct str name)
{
    static const char *const ends[] = {"_id", "Id", "ID", "_uuid", "_key", "-id"};
    int rank = own_ids_rank(name);
    for (size_t i = 0; !rank && i < COUNT_OF(ends); i++)
        if (str_ends(name, str_from(ends[i])))
            rank = RANK_LAST;
    return rank;
}

void key_candidates_restart(struct key_candidates *candidates)
{
    candidates->records = candidates->page_records;
    for (size_t i = 0; i < candidates->count; i++)
        candidates->items[i].count = MIN(candidates->items[i].count, candidates->records);
}

void key_candidates_page_end(struct key_candidates *candidates)
{
    candidates->page_records = candidates->records;
}

/* Only the fields of the very first record: a key is in all of them. */
static void find_names(struct key_candidates *candidates, const struct record *record)
{
    candidates->count = 0;
    for (size_t i = 0; i < record->count && candidates->count < KEY_CANDIDATES_MAX; i++)
        if (rank_of(record->fields[i].name))
            candidates->items[candidates->count++] = (struct key_candidate){
                .name = arena_str(candidates->arena, record->fields[i].name)};
}

void key_candidates_take(struct key_candidates *candidates, const struct record *record)
{
    if (candidates->records == 0)
        find_names(candidates, record);
    if (candidates->records++ >= RECORDS_TAKEN_MAX)
        return;
    for (size_t i = 0; i < candidates->count; i++) {
        struct key_candidate *one = &candidates->items[i];
        const struct record_field *field = record_find(record, one->name);
        if (!field || (field->kind != RECORD_NUMBER && field->kind != RECORD_STRING)) {
            one->is_out = true;
            continue;
        }
        ARENA_GROW(candidates->arena, one->hashes, one->count, one->capacity);
        one->hashes[one->count++] = hash_bytes(field->raw, 0);
    }
}

static bool is_unique(struct key_candidate *one)
{
    return !one->is_out && one->count > 1 &&
           hash_count_different(one->hashes, one->count) == one->count;
}

struct str key_candidates_best(struct key_candidates *candidates)
{
    struct str best = STR_NONE;
    int least = 0;
    for (size_t i = 0; i < candidates->count; i++) {
        int rank = rank_of(candidates->items[i].name);
        if ((least && rank >= least) || !is_unique(&candidates->items[i]))
            continue;
        best = candidates->items[i].name;
        least = rank;
    }
    return best;
}
