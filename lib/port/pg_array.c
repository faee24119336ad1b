#include "port/pg_array.h"

#include <endian.h>

void pg_array_put(struct buf *buf, const int64_t *numbers, size_t count)
{
    buf_put_byte(buf, '{');
    for (size_t i = 0; i < count; i++)
        buf_printf(buf, "%s%lld", i ? "," : "", (long long)numbers[i]);
    buf_put_byte(buf, '}');
}

void pg_array_put_head(struct buf *buf, uint32_t type, size_t count)
{
    enum { DIMENSIONS = 1, HAS_NULLS = 0, FIRST_INDEX = 1 };
    buf_put_be32(buf, DIMENSIONS);
    buf_put_be32(buf, HAS_NULLS);
    buf_put_be32(buf, type);
    buf_put_be32(buf, (uint32_t)count);
    buf_put_be32(buf, FIRST_INDEX);
}

void pg_array_put_bigint(struct buf *buf, int64_t number)
{
    uint64_t wire = htobe64((uint64_t)number);
    buf_put_be32(buf, sizeof wire);
    buf_put(buf, (struct str){(const char *)&wire, sizeof wire});
}
