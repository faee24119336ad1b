#include "worker/load/way.h"

#include "base/macros.h"
#include "worker/load/probe.h"

bool way_hashes_keys(const struct stream *stream, const struct column_map *map)
{
    return !stream->table.fills && row_keys_can(&map->columns, stream->table.key_count);
}

bool way_is_binary(const struct column_map *map, const struct batch *batch)
{
    if (batch->has_odd || batch->has_deleted || batch->is_spelled)
        return false;
    for (size_t i = 0; i < map->columns.count; i++)
        if (map->columns.items[i].type == COLUMN_OTHER &&
            map->columns.items[i].form == FORM_NONE)
            return false;
    return true;
}

bool way_may_copy(const struct stream *stream, const struct column_map *map,
                  const struct batch *batch)
{
    return stream->table.write != WRITE_REPLACE && way_is_binary(map, batch);
}

/*
 * Whether a table that is replaced can be asked: by its hash alone a row is known to be of one
 * key, and no record says that it is gone.
 */
static bool can_ask_replaced(const struct stream *stream)
{
    return stream->table.key_count && !stream->merge.exclude_count && !stream->merge.deleted;
}

void way_begin(struct way_memory *memory, const struct stream *stream,
               const struct column_map *map)
{
    bool may_ask = stream->table.write == WRITE_UPSERT ||
                   (stream->table.write == WRITE_REPLACE && can_ask_replaced(stream));
    memory->is_same = map->columns.has_table && may_ask && !stream->bookmark.is_set &&
                      way_hashes_keys(stream, map);
}

static enum way choose_upsert(struct way_memory *memory, bool may_copy)
{
    if (!memory->left)
        return WAY_PROBE;
    memory->left--;
    return memory->unasked == WAY_DIRECT && !may_copy ? WAY_PROBE : memory->unasked;
}

/* A key that was spelled for a staging table is no more what the table takes. */
static bool has_spelled_key(const struct column_map *map, const struct batch *batch)
{
    for (size_t i = 0; i < map->columns.count && batch->is_spelled; i++)
        if (map->columns.items[i].is_key && form_changes(map->columns.items[i].form))
            return true;
    return false;
}

enum way way_choose(struct way_memory *memory, const struct stream *stream,
                    const struct column_map *map, const struct batch *batch,
                    const struct row_keys *keys)
{
    bool is_binary = way_is_binary(map, batch);
    const struct table *table = &stream->table;
    if (stream->part_count || (table->key_count && !keys) || has_spelled_key(map, batch))
        return WAY_STAGED;
    if (table->write > WRITE_REPLACE ||
        (table->write == WRITE_REPLACE && !can_ask_replaced(stream)))
        return WAY_STAGED;
    if (table->write == WRITE_APPEND)
        return is_binary ? WAY_DIRECT : WAY_STAGED;
    if (table->key_count > PROBE_KEY_COLUMNS_MAX || row_keys_has_twice(keys))
        return WAY_STAGED;
    return choose_upsert(memory, way_may_copy(stream, map, batch));
}

void way_note_probe(struct way_memory *memory, size_t rows, size_t fresh, size_t changed,
                    bool may_copy)
{
    may_copy = may_copy && fresh == rows;
    bool is_cautious = memory->caution > 0;
    memory->caution -= is_cautious;
    memory->is_same = fresh + changed <= rows / 2;
    if (memory->is_same || (may_copy && is_cautious)) {
        memory->left = memory->patience = 0;
        return;
    }
    memory->unasked = may_copy ? WAY_DIRECT : WAY_STAGED;
    memory->patience =
        memory->patience ? MIN(memory->patience * 2, (unsigned)WAY_PATIENCE_MAX) : 1;
    memory->left = memory->patience;
}

void way_note_conflict(struct way_memory *memory)
{
    memory->left = memory->patience = 0;
    memory->caution = WAY_CAUTION;
}

const char *way_name(enum way way)
{
    static const char *const names[] = {
        [WAY_STAGED] = "staged", [WAY_DIRECT] = "direct", [WAY_PROBE] = "probe"};
    return names[way];
}
