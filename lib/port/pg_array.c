#include "port/pg_array.h"

#include <endian.h>
#include <string.h>

#include "base/wire.h"

void pg_array_put(struct buf *buf, const int64_t *numbers, size_t count)
{
    buf_put_byte(buf, '{');
    for (size_t i = 0; i < count; i++)
        buf_printf(buf, "%s%lld", i ? "," : "", (long long)numbers[i]);
    buf_put_byte(buf, '}');
}

void pg_array_put_head(struct buf *buf, uint32_t type, size_t count)
{
    enum { DIMENSIONS = 1, FLAGS = 0, FIRST_INDEX = 1 }; /* nulls are found without a flag */
    buf_put_be32(buf, DIMENSIONS);
    buf_put_be32(buf, FLAGS);
    buf_put_be32(buf, type);
    buf_put_be32(buf, (uint32_t)count);
    buf_put_be32(buf, FIRST_INDEX);
}

/* Dimensions, flags, type; of the one dimension its size and first index. */
enum { TYPE_AT = 8, COUNT_AT = 12 };

void pg_array_set_count(struct buf *buf, size_t head, size_t count)
{
    uint32_t wire = htobe32((uint32_t)count);
    if (!buf->has_overflowed)
        memcpy(buf->ptr + head + COUNT_AT, &wire, sizeof wire);
}

void pg_array_put_bigint(struct buf *buf, int64_t number)
{
    uint64_t wire = htobe64((uint64_t)number);
    buf_put_be32(buf, sizeof wire);
    buf_put(buf, (struct str){(const char *)&wire, sizeof wire});
}

uint32_t pg_array_type(struct str bytes)
{
    return (uint32_t)wire_int4(bytes.ptr + TYPE_AT);
}

struct pg_array_rest pg_array_open(struct str bytes)
{
    if (bytes.len < PG_ARRAY_HEAD_BYTES || wire_int4(bytes.ptr) != 1)
        return (struct pg_array_rest){0};
    return (struct pg_array_rest){bytes.ptr + PG_ARRAY_HEAD_BYTES, bytes.ptr + bytes.len,
                                  (uint32_t)wire_int4(bytes.ptr + COUNT_AT)};
}

bool pg_array_take(struct pg_array_rest *rest, int64_t *ret_number)
{
    enum { LENGTH_BYTES = 4, NUMBER_BYTES = sizeof(uint64_t) };
    size_t left = (size_t)(rest->end - rest->at);
    if (left < LENGTH_BYTES) {
        rest->count = 0;
        return false;
    }
    rest->count--;
    bool is_null = left < LENGTH_BYTES + NUMBER_BYTES || wire_int4(rest->at) != NUMBER_BYTES;
    rest->at += LENGTH_BYTES;
    if (is_null)
        return false;
    *ret_number = wire_int8(rest->at);
    rest->at += NUMBER_BYTES;
    return true;
}
