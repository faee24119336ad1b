#include "worker/load/row_keys.h"

#include <endian.h>

#include "base/mem.h"
#include "base/wire.h"
#include "port/hash.h"

/*
 * The normal form of a value is what COPY gets of it, except for numeric, whose wire form
 * (encode.c) has a scale that equality does not look at, and may have groups of zeros at its
 * ends. A whole number of 64 bits becomes the eight bytes of a bigint: a column of that type
 * may become numeric while the job runs. So does a smaller integer, which COPY gets as two or
 * four bytes, or as text.
 */
enum {
    GROUP_BASE = 10000,
    NUMERIC_HEAD_BYTES = 8, /* count of groups, weight, sign, scale */
    NUMERIC_NEGATIVE = 0x4000,
    NUMERIC_SPECIAL = 0x8000, /* NaN and the infinities have this bit */
    BIGINT_GROUPS_MAX = 5,    /* 9223372036854775807 is 922|3372|0368|5477|5807 */
};

struct numeric {
    const char *groups;
    int count, weight;
    uint16_t sign;
};

/* Without the groups of zeros at both ends. */
static struct numeric read_numeric(struct str bytes)
{
    struct numeric numeric = {.groups = bytes.ptr + NUMERIC_HEAD_BYTES,
                              .count = wire_int2(bytes.ptr),
                              .weight = wire_int2(bytes.ptr + 2),
                              .sign = (uint16_t)wire_int2(bytes.ptr + 4)};
    while (numeric.count && wire_int2(numeric.groups) == 0) {
        numeric.groups += 2;
        numeric.count--;
        numeric.weight--;
    }
    while (numeric.count && wire_int2(numeric.groups + 2 * (numeric.count - 1)) == 0)
        numeric.count--;
    return numeric;
}

/* False where it is no whole number of 64 bits. */
static bool numeric_to_bigint(const struct numeric *numeric, int64_t *ret)
{
    int64_t whole = 0;
    bool is_negative = numeric->sign == NUMERIC_NEGATIVE;
    if (numeric->sign & NUMERIC_SPECIAL || numeric->count > numeric->weight + 1 ||
        numeric->weight >= BIGINT_GROUPS_MAX) {
        *ret = 0;
        return numeric->count == 0 && !(numeric->sign & NUMERIC_SPECIAL);
    }
    for (int i = 0; i <= numeric->weight; i++) {
        int group = i < numeric->count ? wire_int2(numeric->groups + 2 * i) : 0;
        if (__builtin_mul_overflow(whole, GROUP_BASE, &whole) ||
            __builtin_add_overflow(whole, is_negative ? -group : group, &whole))
            return false;
    }
    *ret = whole;
    return true;
}

static uint64_t hash_bigint(int64_t number)
{
    uint64_t wire = htobe64((uint64_t)number);
    return hash_bytes((struct str){(const char *)&wire, sizeof wire}, 0);
}

static uint64_t hash_numeric(struct str bytes)
{
    struct numeric numeric = read_numeric(bytes);
    int64_t whole;
    if (numeric_to_bigint(&numeric, &whole))
        return hash_bigint(whole);
    uint64_t head = (uint64_t)numeric.sign << 32 | (uint16_t)numeric.weight;
    return hash_bytes((struct str){numeric.groups, 2 * (size_t)numeric.count}, head);
}

/* Of an integer in the form of its column, or spelled for a staging table. */
static uint64_t hash_integer(struct str bytes, bool is_spelled)
{
    int64_t number = 0;
    if (is_spelled) {
        (void)!str_to_int64(bytes, &number);
    } else {
        number = wire_integer(bytes);
    }
    return hash_bigint(number);
}

static uint64_t hash_value(const struct column *column, struct str bytes, bool is_spelled)
{
    if (!bytes.ptr)
        return hash_bytes(bytes, 0);
    if (column->type == COLUMN_NUMERIC)
        return hash_numeric(bytes);
    if (column->form == FORM_SMALLINT || column->form == FORM_INTEGER)
        return hash_integer(bytes, is_spelled);
    return hash_bytes(bytes, 0);
}

static bool has_normal_form(const struct column *column)
{
    return column->type == COLUMN_OTHER ? column->form != FORM_NONE
                                        : column->type != COLUMN_JSONB;
}

bool row_keys_can(const struct columns *columns, size_t key_count)
{
    size_t found = 0;
    for (size_t i = 0; i < columns->count; i++) {
        const struct column *column = &columns->items[i];
        if (column->is_key && !has_normal_form(column))
            return false;
        found += column->is_key;
    }
    return key_count > 0 && found == key_count;
}

static uint64_t hash_row(struct str rest, const struct columns *columns, size_t end,
                         bool is_spelled)
{
    struct str bytes;
    uint64_t hash = 0;
    for (size_t i = 0; i < end; i++) {
        (void)batch_take_field(&rest, &bytes);
        if (!columns->items[i].is_key)
            continue;
        hash = hash_fold(hash, hash_value(&columns->items[i], bytes, is_spelled));
    }
    return hash;
}

void row_keys_read(struct row_keys *keys, const struct batch *batch,
                   const struct columns *columns)
{
    size_t end = columns->count;
    while (end > 0 && !columns->items[end - 1].is_key)
        end--;
    if (batch->row_count > keys->capacity) {
        keys->capacity = batch->row_count;
        keys->hashes = mem_realloc(keys->hashes, keys->capacity * sizeof *keys->hashes);
    }
    keys->count = batch->row_count;
    for (size_t row = 0; row < keys->count; row++)
        keys->hashes[row] =
            hash_row(batch_row_fields(batch, row), columns, end, batch->is_spelled);
}

void row_keys_done(struct row_keys *keys)
{
    mem_free(keys->hashes);
    *keys = (struct row_keys){0};
}

/* Open addressing; a slot is 0 or 1 + the row. The far side chooses the keys, so where a hash
 * goes is this process's secret. */
bool row_keys_has_twice(const struct row_keys *keys)
{
    size_t slots = 16;
    while (slots < 2 * keys->count)
        slots *= 2;
    AUTO_FREE uint32_t *table = mem_alloc(slots * sizeof *table);
    for (size_t row = 0; row < keys->count; row++) {
        const struct str bytes = {(const char *)&keys->hashes[row], sizeof *keys->hashes};
        size_t slot = hash_for_table(bytes) & (slots - 1);
        for (; table[slot]; slot = (slot + 1) & (slots - 1))
            if (keys->hashes[table[slot] - 1] == keys->hashes[row])
                return true;
        table[slot] = (uint32_t)row + 1;
    }
    return false;
}
