#include "worker/discover/traits.h"

#include "base/date.h"
#include "port/hash.h"
#include "worker/records/own_ids.h"

enum {
    RECORDS_MAX = 100000,
    RANK_OF_OTHERS = 100,
    RANK_OF_CODES = 200,
    RANK_OF_PARTS = 300,
    TEXT_BYTES_MAX = 64,
};

void traits_init(struct traits_pair *pair, struct arena *arena)
{
    *pair = (struct traits_pair){.now = {.arena = arena}, .then = {.arena = arena}};
}

void traits_restart(struct traits_pair *pair)
{
    pair->now = pair->then;
}

void traits_page_end(struct traits_pair *pair)
{
    pair->then = pair->now;
}

static void find_names(struct traits *traits, const struct record *record)
{
    for (size_t i = 0; i < record->count && traits->count < TRAITS_MAX; i++)
        traits->items[traits->count++] =
            (struct trait){.name = arena_str(traits->arena, record->fields[i].name)};
}

static void take_time(struct trait *trait, struct arena *arena,
                      const struct record_field *field)
{
    int64_t us;
    struct str text = str_slice(field->raw, 1, field->raw.len - 1);
    if (field->kind != RECORD_STRING || text.len > TEXT_BYTES_MAX ||
        !date_parse_rfc3339(text, &us))
        return;
    if (!trait->times || us > trait->last_us) {
        trait->last_us = us;
        trait->last_text = arena_str(arena, text);
    }
    if (!trait->times || us < trait->first_us)
        trait->first_us = us;
    trait->times++;
}

static void take_field(struct traits *traits, struct trait *trait,
                       const struct record_field *field)
{
    if (record_is_null(field))
        return;
    take_time(trait, traits->arena, field);
    if (field->kind != RECORD_NUMBER && field->kind != RECORD_STRING)
        return;
    ARENA_GROW(traits->arena, trait->hashes, trait->count, trait->capacity);
    trait->hashes[trait->count++] = hash_bytes(field->raw, 0);
}

void traits_take(struct traits_pair *pair, const struct record *record)
{
    struct traits *traits = &pair->now;
    if (!traits->records)
        find_names(traits, record);
    if (traits->records >= RECORDS_MAX)
        return;
    traits->records++;
    for (size_t i = 0; i < traits->count; i++)
        take_field(traits, &traits->items[i], record_find(record, traits->items[i].name));
}

bool traits_is_unique(const struct traits *traits, const struct trait *trait)
{
    if (traits->records < 2 || trait->count != traits->records)
        return false;
    uint64_t *sorted = ARENA_ARRAY(traits->arena, uint64_t, trait->count);
    memcpy(sorted, trait->hashes, trait->count * sizeof *sorted);
    return hash_count_different(sorted, trait->count) == trait->count;
}

static bool has_end(struct str name, const char *const *ends, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_ends(name, str_from(ends[i])) || str_eq_nocase(name, str_from(ends[i])))
            return true;
    return false;
}

/* eventid, pageid: one word of what it is, and "id". */
static bool is_word_of_id(struct str name)
{
    static const char *const words[] = {"avoid", "grid",    "hybrid", "invalid", "paid",
                                        "rapid", "prepaid", "solid",  "unpaid",  "valid"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_is(name, words[i]))
            return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] < 'a' || name.ptr[i] > 'z')
            return false;
    return name.len > 4 && str_ends(name, STR("id"));
}

int traits_rank_key(struct str name)
{
    static const char *const ids[] = {"_id", "Id", "ID", "_uuid", "_key", "-id", "_guid"};
    static const char *const codes[] = {
        "code",   "_code", "Code",   "sku",   "slug",  "isbn", "iso", "alpha_2", "alpha_3",
        "number", "_no",   "symbol", "login", "email", "name", "url", "href",    "title"};
    int rank = own_ids_rank(name);
    if (!rank && (has_end(name, ids, COUNT_OF(ids)) || is_word_of_id(name)))
        rank = RANK_OF_OTHERS;
    for (size_t i = 0; !rank && i < COUNT_OF(codes); i++)
        if (has_end(name, codes + i, 1))
            rank = RANK_OF_CODES + (int)i;
    return rank;
}

static bool is_time(const struct traits *traits, const struct trait *trait)
{
    return traits->records && trait->times == traits->records;
}

/* --- two fields together --- */

enum { PAIRED_MAX = 16 }; /* of each kind: every two of them are compared */

static bool is_full(const struct traits *traits, const struct trait *trait)
{
    return trait->count == traits->records;
}

/* Beside an id: what numbers the parts of a thing, or when it was. Lower is better; 0: no. */
static int rank_part(const struct traits *traits, const struct trait *trait)
{
    static const char *const parts[] = {
        "line",     "position", "pos",      "seq",     "sequence",  "index",  "row",
        "item",     "version",  "revision", "number",  "date",      "day",    "week",
        "month",    "year",     "hour",     "time",    "timestamp", "period", "lang",
        "language", "locale",   "currency", "country", "region",    "type",   "kind",
        "key",      "variant",  "size",     "role",    "level"};
    int rank = traits_rank_key(trait->name);
    for (size_t i = 0; !rank && i < COUNT_OF(parts); i++)
        if (has_end(trait->name, parts + i, 1) || str_ends(trait->name, str_from(parts[i])))
            rank = RANK_OF_PARTS + (int)i;
    return rank || !is_time(traits, trait) ? rank : RANK_OF_PARTS;
}

static bool are_unique(const struct traits *traits, const struct trait *one,
                       const struct trait *other)
{
    uint64_t *both = ARENA_ARRAY(traits->arena, uint64_t, traits->records);
    for (size_t i = 0; i < traits->records; i++) {
        const uint64_t of_record[] = {one->hashes[i], other->hashes[i]};
        both[i] = hash_bytes((struct str){(const char *)of_record, sizeof of_record}, 0);
    }
    return hash_count_different(both, traits->records) == traits->records;
}

struct ranked {
    const struct trait *trait;
    int rank;
};

/* Those that may be the id of a pair, or the part. The first of the fields count. */
static size_t find_ranked(const struct traits *traits, bool are_ids, struct ranked *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < traits->count && count < PAIRED_MAX; i++) {
        const struct trait *trait = &traits->items[i];
        int rank = are_ids ? traits_rank_key(trait->name) : rank_part(traits, trait);
        if (!rank || (are_ids && rank > RANK_OF_OTHERS) || !is_full(traits, trait) ||
            (traits_is_unique(traits, trait) && (are_ids || !is_time(traits, trait))))
            continue;
        ret[count++] = (struct ranked){trait, rank};
    }
    return count;
}

bool traits_find_pair(const struct traits *traits, const struct trait **ret_one,
                      const struct trait **ret_other)
{
    struct ranked ids[PAIRED_MAX], parts[PAIRED_MAX];
    if (traits->records < 3)
        return false;
    size_t id_count = find_ranked(traits, true, ids),
           part_count = find_ranked(traits, false, parts);
    int least = 0;
    for (size_t i = 0; i < id_count * part_count; i++) {
        const struct ranked *id = &ids[i / part_count], *part = &parts[i % part_count];
        int rank = id->rank + part->rank;
        if (id->trait == part->trait || (least && rank >= least) ||
            !are_unique(traits, id->trait, part->trait))
            continue;
        least = rank;
        *ret_one = id->trait;
        *ret_other = part->trait;
    }
    return least > 0;
}

static bool begins_with(struct str name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str word = str_from(words[i]);
        if (str_eq_nocase(str_slice(name, 0, word.len), word))
            return true;
    }
    return false;
}

bool traits_is_change(const struct traits *traits, const struct trait *trait)
{
    static const char *const words[] = {"updated", "modified",  "changed",   "lastupdate",
                                        "last_up", "last_mod",  "lastmod",   "last_edit",
                                        "edited",  "date_modi", "dateupdat", "date_upd"};
    return is_time(traits, trait) && begins_with(trait->name, words, COUNT_OF(words));
}

bool traits_is_creation(const struct traits *traits, const struct trait *trait)
{
    static const char *const words[] = {"created",   "inserted",  "date_created",
                                        "published", "timestamp", "occurred"};
    return is_time(traits, trait) && begins_with(trait->name, words, COUNT_OF(words));
}
