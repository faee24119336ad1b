#include "worker/cut.h"

#include "port/hash.h"
#include "worker/row.h"

static struct record_field field_from_value(struct arena *arena, struct value value)
{
    AUTO_BUF struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    value_format(&text, value);
    struct record_field field = jsontext_field(STR_NONE, arena_str(arena, buf_str(&text)));
    if (str_find(field.raw, STR("\\u0000")) >= 0)
        field.flaw = FLAW_NUL;
    return field;
}

static bool fill_with(struct cut *cut, struct row_writer *writer, struct err *err)
{
    const struct merge *merge = &cut->stream->merge;
    writer->extras = ARENA_ARRAY(cut->arena, struct row_extra, merge->with_count);
    for (size_t i = 0; i < merge->with_count; i++) {
        const struct with_field *with = &merge->with[i];
        struct value value;
        if (with->is_path)
            return err_set(err, ERR_CONFIG, "cut", 0, "with.%.*s: a path is not available yet",
                           STR_ARG(with->name));
        if (!template_fill(&with->template, cut->scope, true, cut->arena, &value, err))
            return err_wrap(err, "with.%.*s", STR_ARG(with->name));
        if (value.kind == VALUE_OMIT)
            continue;
        writer->extras[writer->extra_count++] =
            (struct row_extra){with->name, field_from_value(cut->arena, value)};
    }
    return true;
}

/* What the walk over one page's records has met so far. */
struct walk {
    struct cut *cut;
    struct row_writer writer;
    bool wants_table; /* a record that can be stored was met */
    bool is_unknown;
};

static bool take_record(struct walk *walk, const struct record *record, struct err *err)
{
    struct cut *cut = walk->cut;
    const char *reason = NULL;
    cut->records_hash = hash_fold(cut->records_hash, hash_bytes(record->raw, 0));
    cut->seen++;
    if (cut->max_records >= 0 && cut->records >= cut->max_records)
        return true;
    cut->records++;
    cut->last = record->raw;
    switch (row_put(&walk->writer, record, &reason)) {
    case ROW_UNKNOWN:
        walk->is_unknown = true;
        walk->wants_table = true;
        return true;
    case ROW_PUT:
    case ROW_ASIDE:
        walk->wants_table = true;
        return true;
    case ROW_REJECTED:
        cut->rejects++;
        batch_reject(walk->writer.batch, record->position, str_from(reason), record->raw);
        return true;
    case ROW_FAILED:
        break;
    }
    return err_set(err, ERR_INPUT, "cut", 0, "record %zu: %s", record->position, reason);
}

/* `on_missing: empty` forgives the last segment of the path alone. */
static bool is_forgiven(struct cut *cut)
{
    const struct merge *merge = &cut->stream->merge;
    struct value body;
    struct err ignored = ERR_INIT;
    if (!merge->missing_is_empty || merge->path.count == 0)
        return false;
    struct path parent = merge->path;
    parent.count--;
    return value_parse(cut->arena, cut->body, (struct value_hole){0}, &body, &ignored) &&
           path_get(&parent, body).kind == VALUE_MAP;
}

static bool finish(struct walk *walk, struct records *records, struct err *err)
{
    struct cut *cut = walk->cut;
    if (records_found(records) == RECORDS_MISSING && !is_forgiven(cut)) {
        cut->is_merge_error = true;
        return err_set(err, ERR_INPUT, "cut", 0, "nothing stands at merge_path \"%.*s\"",
                       STR_ARG(cut->stream->merge.path.source));
    }
    if (walk->writer.batch->rows.overflow)
        return err_set(err, ERR_INPUT, "cut", 0, "the page's rows are over %zu bytes",
                       walk->writer.batch->rows.max);
    cut->hole = records_hole(records);
    cut->asides = walk->writer.asides;
    return true;
}

static bool walk_records(struct walk *walk, struct err *err)
{
    struct cut *cut = walk->cut;
    struct records *records = records_start(cut->arena, cut->body, &cut->stream->merge.path);
    for (;;) {
        struct record record;
        switch (records_next(records, &record, err)) {
        case RECORDS_ONE:
            if (!take_record(walk, &record, err))
                return false;
            continue;
        case RECORDS_BAD:
            cut->truncated = records_truncated(records);
            return false;
        case RECORDS_END:
            return finish(walk, records, err);
        }
    }
}

static void clear_outputs(struct cut *cut)
{
    cut->shape = (struct shape){.arena = cut->arena};
    cut->records = cut->seen = cut->rejects = cut->asides = 0;
    cut->records_hash = 0;
    cut->hole = (struct value_hole){0};
    cut->last = cut->bookmark_high = STR_NONE;
    cut->truncated = cut->is_merge_error = false;
}

enum cut_result cut_page(struct cut *cut, struct batch *batch, struct err *err)
{
    struct walk walk = {
        .cut = cut,
        .writer = {.batch = batch,
                   .columns = cut->columns,
                   .table = &cut->stream->table,
                   .arena = cut->arena,
                   .is_extended = cut->is_extended,
                   .watch = cut->watch},
    };
    clear_outputs(cut);
    if (!fill_with(cut, &walk.writer, err))
        return CUT_BAD;
    row_start(&walk.writer);
    batch_page_begin(batch);
    if (!walk_records(&walk, err)) {
        batch_page_drop(batch);
        return CUT_BAD;
    }
    bool has_no_table = walk.wants_table && !cut->columns->has_table && !cut->is_extended;
    if (walk.is_unknown || has_no_table) {
        cut->shape = walk.writer.shape;
        batch_page_drop(batch);
        return CUT_SHAPE;
    }
    return CUT_DONE;
}
