#include "worker/paging/guard.h"

#include <assert.h>

#include "base/mem.h"

/*
 * A paging goes in circles when an API ignores the page parameter, or gives a next link that
 * leads back. Two hashes of each page are remembered for as long as the job lives:
 *
 *     request hash   the same request would be made again: always a circle
 *     records hash   the same records came again, by another request: an API that clamps a page
 *                    number beyond the end to the last page
 *
 * Records that are the same by chance must not stop a job. An empty page is like any other
 * empty page, so it never counts. A page of one record may well be the same twice, such as
 * {"status": "pending"}: it counts when it comes for the third time in a row, and only then.
 *
 * E.g. the pages A, B, B of 100 records: the third is refused, before its rows are stored. The
 * pages of one record x, x, y, x, x go through; x, x, x do not.
 *
 * A set is open addressing with linear probing. Invariants: capacity is a power of 2, and at
 * most half of the slots are used, so a probe always ends at an empty one. A hash takes 16 to
 * 32 bytes, a page twice that.
 */
static uint64_t slot_value(uint64_t hash)
{
    return hash ? hash : 1;
}

static bool set_has(const struct guard_set *set, uint64_t hash)
{
    if (!set->count)
        return false;
    uint64_t value = slot_value(hash);
    for (size_t at = value & (set->capacity - 1);; at = (at + 1) & (set->capacity - 1)) {
        if (set->slots[at] == value)
            return true;
        if (!set->slots[at])
            return false;
    }
}

static void set_insert(struct guard_set *set, uint64_t value)
{
    assert(value && set->count < set->capacity);
    size_t at = value & (set->capacity - 1);
    while (set->slots[at] && set->slots[at] != value)
        at = (at + 1) & (set->capacity - 1);
    set->count += !set->slots[at];
    set->slots[at] = value;
}

static void set_grow(struct guard_set *set)
{
    struct guard_set bigger = {.capacity = set->capacity ? set->capacity * 2 : 16};
    bigger.slots = mem_alloc(bigger.capacity * sizeof *bigger.slots);
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i])
            set_insert(&bigger, set->slots[i]);
    mem_free(set->slots);
    *set = bigger;
}

static void set_add(struct guard_set *set, uint64_t hash)
{
    if (set->count * 2 >= set->capacity)
        set_grow(set);
    set_insert(set, slot_value(hash));
}

void guard_init(struct guard *guard)
{
    *guard = (struct guard){0};
}

void guard_done(struct guard *guard)
{
    mem_free(guard->requests.slots);
    mem_free(guard->records.slots);
    mem_free(guard->page.slots);
    mem_free(guard->own.slots);
    *guard = (struct guard){0};
}

bool guard_knows_request(const struct guard *guard, uint64_t hash)
{
    return set_has(&guard->requests, hash);
}

bool guard_knows_records(const struct guard *guard, uint64_t hash, int64_t records)
{
    if (records == 0)
        return false;
    if (records == 1)
        return guard->last_single == slot_value(hash) && guard->single_repeats >= 2;
    return set_has(&guard->records, hash);
}

bool guard_is_last(const struct guard *guard, uint64_t hash, int64_t records)
{
    return records == 1 && guard->last_single == slot_value(hash);
}

void guard_add(struct guard *guard, uint64_t request_hash, uint64_t records_hash,
               int64_t records)
{
    set_add(&guard->requests, request_hash);
    if (records > 1)
        set_add(&guard->records, records_hash);
    if (records != 1) {
        guard->last_single = 0;
        return;
    }
    bool same = guard->last_single == slot_value(records_hash);
    guard->single_repeats = same ? guard->single_repeats + 1 : 1;
    guard->last_single = slot_value(records_hash);
}

/* At most half of the slots are used from the start: a page may have a million records. */
static void set_reset(struct guard_set *set, size_t count)
{
    mem_free(set->slots);
    *set = (struct guard_set){.capacity = 16};
    while (set->capacity < count * 2)
        set->capacity *= 2;
    set->slots = mem_alloc(set->capacity * sizeof *set->slots);
}

int64_t guard_count_overlap(const struct guard *guard, const uint64_t *ids, size_t count)
{
    int64_t shared = 0;
    for (size_t i = 0; i < count; i++)
        shared += set_has(&guard->page, ids[i]);
    return shared;
}

int64_t guard_overlap(struct guard *guard, const uint64_t *ids, size_t count)
{
    struct guard_set *page = &guard->page;
    int64_t shared = guard_count_overlap(guard, ids, count);
    set_reset(page, count);
    for (size_t i = 0; i < count; i++)
        set_insert(page, slot_value(ids[i]));
    if (count < 2 || page->count < count)
        page->count = 0;
    return shared;
}

bool guard_compares(const struct guard *guard)
{
    return guard->page.count > 0;
}

bool guard_knows_own(const struct guard *guard, uint64_t own)
{
    return own && set_has(&guard->own, own);
}

void guard_add_own(struct guard *guard, uint64_t own, bool tells, int64_t records)
{
    if (!own)
        return;
    if (!guard_knows_own(guard, own)) {
        guard->own_row = 0;
    } else if (tells) {
        guard->own_row++;
        guard->own_pages += records > 1;
    }
    set_add(&guard->own, own);
}

void guard_restore(struct guard *guard, const int64_t *request_hashes,
                   const int64_t *records_hashes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        set_add(&guard->requests, (uint64_t)request_hashes[i]);
        if (records_hashes[i])
            set_add(&guard->records, (uint64_t)records_hashes[i]);
    }
    for (size_t i = count; i > 0 && records_hashes[i - 1]; i--) {
        if (records_hashes[i - 1] != records_hashes[count - 1])
            break;
        guard->last_single = slot_value((uint64_t)records_hashes[count - 1]);
        guard->single_repeats++;
    }
}
