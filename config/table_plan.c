#include "config/table_plan.h"

static void put_partition(struct json_out *out, const struct table *table)
{
    static const char *const everies[] = {
        [EVERY_HOUR] = "hour",   [EVERY_DAY] = "day",         [EVERY_WEEK] = "week",
        [EVERY_MONTH] = "month", [EVERY_QUARTER] = "quarter", [EVERY_YEAR] = "year",
    };
    const struct table_partition *partition = &table->partition;
    const struct declared_column *column = table_find_declared(table, partition->range);
    json_out_open(out, "partition", '{');
    json_out_str(out, "range", partition->range);
    json_out_str(out, "type", column ? column->type : STR("timestamptz"));
    json_out_str(out, "every", str_from(everies[partition->every]));
    json_out_int(out, "ahead", partition->ahead);
    json_out_int(out, "max", partition->max);
    json_out_close(out, '}');
}

void table_plan_put(struct json_out *out, const struct stream *stream)
{
    json_out_str(out, "stream", stream->name);
    json_out_str(out, "schema", stream->table.schema);
    json_out_str(out, "table", stream->table.name);
    if (stream->table.partition.range.len)
        put_partition(out, &stream->table);
}

void table_plan_put_declared(struct json_out *out, const struct table *table)
{
    json_out_open(out, "declared", '[');
    for (size_t i = 0; i < table->declared_count; i++) {
        json_out_open(out, NULL, '{');
        json_out_str(out, "name", table->declared[i].name);
        json_out_str(out, "type", table->declared[i].type);
        json_out_close(out, '}');
    }
    if (table->mode == COLUMNS_NONE)
        json_out_raw(out, NULL, STR("{\"name\":\"record\",\"type\":\"jsonb\"}"));
    json_out_close(out, ']');
}
