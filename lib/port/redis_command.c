#include "port/redis_command.h"

bool redis_command_put(struct buf *out, const struct str *args, size_t count)
{
    size_t before = out->len;
    buf_printf(out, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "$%zu\r\n", args[i].len);
        buf_put(out, args[i]);
        buf_puts(out, "\r\n");
    }
    if (!out->has_overflowed)
        return true;
    buf_truncate(out, before);
    out->has_overflowed = false;
    return false;
}
