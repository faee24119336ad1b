#include "worker/rows/cut.h"

#include "base/json_out.h"
#include "port/hash.h"
#include "worker/records/bookmark_high.h"
#include "worker/records/reshape.h"
#include "worker/records/where.h"
#include "worker/rows/row.h"
#include "worker/rows/with.h"

/* What the walk over one page's records has met so far. */
struct cutting {
    struct cut *cut;
    struct records *records;
    struct row_writer writer;
    struct with with;
    struct reshape reshape;
    struct where where;
    struct bookmark_high high;
    bool wants_table; /* a record that can be stored was met */
    bool is_unknown;
};

static bool put_record(struct cutting *cutting, const struct record *record, struct err *err)
{
    struct cut *cut = cutting->cut;
    const char *reason = NULL;
    cut->records++;
    switch (row_put(&cutting->writer, record, &reason)) {
    case ROW_UNKNOWN:
        cutting->is_unknown = true;
        cutting->wants_table = true;
        return true;
    case ROW_PUT:
    case ROW_ASIDE:
        cutting->wants_table = true;
        return true;
    case ROW_REJECTED:
        cut->rejects++;
        batch_reject(cutting->writer.batch, record->position, str_from(reason), record->raw);
        return true;
    case ROW_FAILED:
        break;
    }
    return err_set(err, ERR_INPUT, "cut", 0, "record %zu: %s", record->position, reason);
}

/* From the record as it was sent to the record as it is stored. */
static bool store_record(struct cutting *cutting, struct record *record, struct err *err)
{
    bool is_kept = true;
    cutting->cut->last = record->raw;
    bookmark_high_take(&cutting->high, record);
    reshape_flatten(&cutting->reshape, record);
    if (cutting->where.template && !where_keeps(&cutting->where, record, &is_kept, err))
        return false;
    if (!is_kept)
        return true;
    reshape_exclude(&cutting->reshape, record);
    with_take(&cutting->with, cutting->records, record);
    return put_record(cutting, record, err);
}

static bool is_whole(const struct cut *cut)
{
    return cut->stream->merge.strategy >= MERGE_REPLACE;
}

static bool take_record(struct cutting *cutting, struct record *record, struct err *err)
{
    struct cut *cut = cutting->cut;
    cut->records_hash = hash_fold(cut->records_hash, hash_bytes(record->raw, 0));
    if (is_whole(cut))
        return store_record(cutting, record, err);
    cut->seen++;
    if (cut->max_records >= 0 && cut->taken >= cut->max_records)
        return true;
    cut->taken++;
    return store_record(cutting, record, err);
}

static struct str format_misfits(const struct row_writer *writer)
{
    AUTO_BUF(buf, MIB(1));
    struct json_out out = {.buf = &buf};
    if (!writer->misfit_count)
        return STR_NONE;
    json_out_open(&out, NULL, '{');
    for (size_t i = 0; i < writer->misfit_count; i++) {
        json_out_name(&out, writer->misfits[i].name);
        json_out_int(&out, NULL, writer->misfits[i].count);
    }
    json_out_close(&out, '}');
    return buf.overflow ? STR_NONE : arena_str(writer->arena, buf_str(&buf));
}

static bool finish(struct cutting *cutting, struct err *err)
{
    struct cut *cut = cutting->cut;
    const struct merge *merge = &cut->stream->merge;
    bool is_forgiven = merge->may_be_missing && records_lack_only_last(cutting->records);
    if (records_found(cutting->records) == RECORDS_MISSING && !is_forgiven) {
        cut->is_merge_error = true;
        return err_set(err, ERR_INPUT, "cut", 0, "nothing stands at merge_path \"%.*s\"",
                       STR_ARG(merge->path.source));
    }
    if (cutting->writer.batch->rows.overflow)
        return err_set(err, ERR_INPUT, "cut", 0, "the page's rows are over %zu bytes",
                       cutting->writer.batch->rows.max);
    cut->skipped = records_skipped(cutting->records);
    cut->asides = cutting->writer.asides;
    cut->misfits = format_misfits(&cutting->writer);
    cut->bookmark_high = cutting->high.text;
    if (cutting->high.met_future)
        cut->warning = arena_printf(cut->arena,
                                    "bookmark: %.*s holds times later than the run's start; "
                                    "they are not taken",
                                    STR_ARG(cut->stream->bookmark.path.source));
    return true;
}

static bool cut_each(struct cutting *cutting, struct err *err)
{
    struct cut *cut = cutting->cut;
    for (;;) {
        struct record record;
        switch (records_next(cutting->records, &record, err)) {
        case RECORDS_ONE:
            if (!take_record(cutting, &record, err))
                return false;
            continue;
        case RECORDS_BAD:
            cut->truncated = records_truncated(cutting->records);
            return false;
        case RECORDS_END:
            return finish(cutting, err);
        }
    }
}

/* Where a response is one record, paging still counts what stands at merge_path: none where
 * nothing does. */
static int64_t count_at_path(const struct cut *cut)
{
    struct records *records = records_start(cut->arena, cut->body, &cut->stream->merge.path);
    struct record record;
    struct err ignored = ERR_INIT;
    int64_t count = 0;
    while (records_next(records, &record, &ignored) == RECORDS_ONE)
        count++;
    return count;
}

static void open_records(struct cutting *cutting)
{
    static const struct path whole;
    struct cut *cut = cutting->cut;
    const struct merge *merge = &cut->stream->merge;
    cutting->records =
        records_start(cut->arena, cut->body, is_whole(cut) ? &whole : &merge->path);
    if (is_whole(cut)) {
        records_keep_whole(cutting->records);
        cut->seen = cut->taken = count_at_path(cut);
    } else if (merge->strategy == MERGE_EXTEND) {
        records_extend(cutting->records);
    }
    with_watch(&cutting->with, cutting->records);
}

static void clear_outputs(struct cut *cut)
{
    cut->new_fields = (struct new_fields){.arena = cut->arena};
    cut->records = cut->seen = cut->taken = cut->rejects = cut->asides = 0;
    cut->records_hash = 0;
    cut->skipped = VALUE_WHOLE;
    cut->last = cut->misfits = cut->bookmark_high = cut->warning = STR_NONE;
    cut->truncated = cut->is_merge_error = false;
}

static void cutting_init(struct cutting *cutting, struct cut *cut, struct batch *batch)
{
    const struct stream *stream = cut->stream;
    *cutting = (struct cutting){
        .cut = cut,
        .writer = {.batch = batch,
                   .columns = cut->columns,
                   .table = &stream->table,
                   .arena = cut->arena,
                   .is_extended = cut->is_extended,
                   .on_record = cut->on_record,
                   .on_record_ctx = cut->on_record_ctx},
        .with = {.merge = &stream->merge, .writer = &cutting->writer, .arena = cut->arena},
        .where = {.template = stream->merge.where, .scope = cut->scope},
        .high = {.bookmark = &stream->bookmark, .arena = cut->arena},
    };
    if (cut->scope)
        cutting->high.now_us = cut->scope->now_us;
    reshape_start(&cutting->reshape, &stream->merge, cut->arena);
    clear_outputs(cut);
}

static bool cut_records(struct cutting *cutting, struct err *err)
{
    bool done;
    if (cutting->where.template)
        cutting->where.scratch = arena_new();
    batch_page_begin(cutting->writer.batch);
    open_records(cutting);
    done = cut_each(cutting, err);
    arena_free(cutting->where.scratch);
    return done;
}

enum cut_result cut_page(struct cut *cut, struct batch *batch, struct err *err)
{
    struct cutting cutting;
    cutting_init(&cutting, cut, batch);
    if (!with_start(&cutting.with, cut->scope, err))
        return CUT_BAD;
    row_start(&cutting.writer);
    if (!cut_records(&cutting, err)) {
        batch_page_drop(batch);
        return CUT_BAD;
    }
    bool has_no_table = cutting.wants_table && !cut->columns->has_table && !cut->is_extended;
    if (cutting.is_unknown || has_no_table) {
        cut->new_fields = cutting.writer.new_fields;
        batch_page_drop(batch);
        return CUT_NEW_FIELDS;
    }
    return CUT_DONE;
}
