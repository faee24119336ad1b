#include "worker/discover/shown_row.h"

#include "base/json_out.h"

static bool is_aside(const struct bound *bound, struct str column)
{
    for (size_t i = 0; i < bound->aside_count; i++)
        if (str_eq(bound->asides[i].name, column))
            return true;
    return false;
}

void shown_row_put(struct buf *text, const struct row_writer *writer)
{
    const struct columns *columns = writer->binder.columns;
    const struct bound *bound = &writer->bound;
    struct json_out out = {.buf = text};
    json_out_open(&out, NULL, '{');
    for (size_t i = 0; i < columns->count; i++) {
        const struct record_field *field = bound->values[i];
        if (!field)
            continue;
        json_out_name(&out, columns->items[i].name);
        json_out_raw(&out, NULL,
                     is_aside(bound, columns->items[i].name) ? STR("null") : field->raw);
    }
    if (bound->aside_count)
        json_out_open(&out, "_pt_aside", '{');
    for (size_t i = 0; i < bound->aside_count; i++) {
        json_out_name(&out, bound->asides[i].name);
        json_out_str(&out, NULL, bound->asides[i].field->raw);
    }
    if (bound->aside_count)
        json_out_close(&out, '}');
    if (writer->is_deleted)
        json_out_bool(&out, "_pt_deleted", true);
    json_out_close(&out, '}');
}
