#include "port/pg_array.h"

void pg_array_put(struct buf *buf, const int64_t *numbers, size_t count)
{
    buf_put_byte(buf, '{');
    for (size_t i = 0; i < count; i++)
        buf_printf(buf, "%s%lld", i ? "," : "", (long long)numbers[i]);
    buf_put_byte(buf, '}');
}
