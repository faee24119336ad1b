#include "config/outline.h"

static void take_table(struct arena *arena, const struct table *table,
                       struct outline_table *ret_table)
{
    struct str id =
        arena_printf(arena, "%.*s%c%.*s", STR_ARG(table->schema), '\0', STR_ARG(table->name));
    *ret_table = (struct outline_table){.schema = str_slice(id, 0, table->schema.len),
                                        .name = str_slice(id, table->schema.len + 1, id.len),
                                        .id = id};
}

void outline_take(struct arena *arena, const struct stream *stream, struct outline *ret_outline)
{
    const struct schedule *schedule = &stream->schedule;
    struct outline outline = {.name = arena_str(arena, stream->name),
                              .spec = arena_str(arena, stream->spec),
                              .cron = arena_str(arena, schedule->cron),
                              .timezone = arena_str(arena, schedule->timezone),
                              .every_ms = schedule->every_ms,
                              .after_count = schedule->after_count};
    outline.after = ARENA_ARRAY(arena, struct str, schedule->after_count);
    for (size_t i = 0; i < schedule->after_count; i++)
        outline.after[i] = arena_str(arena, schedule->after[i]);
    outline.tables = ARENA_ARRAY(arena, struct outline_table, stream_table_count(stream));
    for (size_t i = 0; i < stream_table_count(stream); i++)
        if (!stream_table(stream, i)->is_none)
            take_table(arena, stream_table(stream, i), &outline.tables[outline.table_count++]);
    *ret_outline = outline;
}

void outline_own(struct hash_index *owners, struct outline *outline)
{
    for (size_t i = 0; i < outline->table_count; i++)
        hash_index_put(owners, outline->tables[i].id, outline);
}

const struct outline *outline_find_owner(const struct hash_index *owners,
                                         const struct outline *outline,
                                         const struct outline_table **ret_table)
{
    for (size_t i = 0; i < outline->table_count; i++) {
        const struct outline *owner = hash_index_find(owners, outline->tables[i].id);
        *ret_table = &outline->tables[i];
        if (owner)
            return owner;
    }
    return NULL;
}
