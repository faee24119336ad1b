#include "cli/counts.h"

#include "base/units.h"

void counts_put_pages(struct buf *line, int64_t pages, int64_t total, int64_t records)
{
    units_format_count(line, pages);
    if (total) {
        buf_puts(line, " of ");
        units_format_count(line, total);
    }
    buf_puts(line, " pages, ");
    units_format_count(line, records);
    buf_puts(line, " records");
}

void counts_put(struct buf *line, int64_t count, const char *what)
{
    if (!count)
        return;
    buf_puts(line, ", ");
    units_format_count(line, count);
    buf_printf(line, " %s", what);
}
