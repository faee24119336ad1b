#include "worker/rows/cut.h"

#include <assert.h>

#include "base/clock.h"
#include "base/redact.h"
#include "base/spill.h"
#include "port/hash.h"
#include "worker/records/jsontext.h"
#include "worker/records/record_id.h"
#include "worker/records/reshape.h"
#include "worker/records/where.h"
#include "worker/records/with.h"

/*
 * Work between two looks at the clock: bytes of records, and a byte for each column of a row,
 * as a row of a wide table takes its time also where the record is empty. Some 0.1 ms.
 */
enum { WORK_A_LOOK = 32 << 10 };

/* One page being cut: what its records go through, and what was met so far. */
struct cutting {
    struct cut *cut;
    struct records *records;
    struct row_writer writer;
    struct with with;
    struct reshape reshape;
    struct where where, deleted;
    struct parents parents;
    struct bookmark_high high;
    struct arena_buf last; /* a record may be gone when the next one is read */
    bool wants_table;      /* a record that can be stored was met */
    bool is_unknown;
    size_t arena_bytes;    /* of the page, before the first record */
    size_t work;           /* since the clock was looked at */
    int64_t until_mono_ms; /* the end of the slice */
};

static bool put_record(struct cutting *cutting, const struct record *record, struct err *err)
{
    struct cut *cut = cutting->cut;
    const char *reason = NULL;
    if (cut->stream->table.is_none)
        return true;
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
        batch_reject(cutting->writer.batch, record->position, str_from(reason), record->sent);
        return true;
    case ROW_FAILED:
        break;
    }
    cut->is_refused = true;
    return err_set(err, ERR_INPUT, "cut", 0, "record %zu: %s", record->position, reason);
}

static bool has_condition(const struct cutting *cutting)
{
    return cutting->where.template || cutting->deleted.template;
}

static bool is_whole(const struct cut *cut)
{
    return cut->stream->merge.strategy >= MERGE_REPLACE;
}

/* Also of a record that `where` drops: pages that repeat may hold nothing else. */
static void note_id(struct cutting *cutting, const struct record *record)
{
    struct cut *cut = cutting->cut;
    if (cut->is_part)
        return;
    const struct record_id from = {&cut->stream->table, cutting->with.fields,
                                   cutting->with.count, cut->arena};
    uint64_t id = record_id_hash(&from, record, cutting->writer.extras_hash);
    ARENA_GROW(cut->arena, cut->ids, cut->id_count, cut->id_capacity);
    cut->ids[cut->id_count++] = id;
    cut->records_hash = hash_fold(cut->records_hash, id);
}

/* The fields that `with` adds to this record. */
static void add_with(struct cutting *cutting, const struct record *record)
{
    struct with *with = &cutting->with;
    if (!with_update(with, cutting->records, record))
        return;
    row_extras_changed(&cutting->writer);
    if (with->has_moved)
        batch_set_added(cutting->writer.batch, with_format(with));
}

static bool is_again(const struct cut *cut)
{
    return !cut->is_part && !cut->is_shifted && cut->id_count < cut->again_max;
}

/* The record's id was noted. */
static void check_again(struct cut *cut)
{
    size_t behind = cut->again_max - cut->id_count; /* this one, in the tail from its end */
    cut->again++;
    if (cut->tail && behind < cut->tail_count)
        cut->is_shifted =
            cut->tail[cut->tail_count - 1 - behind] != cut->ids[cut->id_count - 1];
}

/* Is it within the limit on records? A response is not counted as one. */
static bool count_record(struct cut *cut)
{
    if (is_whole(cut))
        return true;
    cut->seen++;
    if (cut->max_records >= 0 && cut->taken >= cut->max_records)
        return false;
    cut->taken++;
    return true;
}

/* The parents that begin before the text; NULL: all that are left. */
static void put_parents(struct cutting *cutting, const char *before)
{
    struct parents *parents = &cutting->parents;
    for (size_t n = 0; parents_next(parents, before); n++)
        row_put_parent(&cutting->writer, parents->with.fields, parents->with.count,
                       parents->record.position);
}

/* What stands in the place of a record: nothing can be said of it. */
static void reject_broken(struct cutting *cutting, const struct record *record)
{
    struct cut *cut = cutting->cut;
    cut->records++;
    cut->rejects++;
    note_id(cutting, record);
    batch_reject(cutting->writer.batch, record->position, record->problem, record->sent);
}

/* Leaves *ret_holds where the stream has no such condition. */
static bool holds(struct cutting *cutting, const struct where *condition,
                  const struct record *record, bool *ret_holds, struct err *err)
{
    if (!condition->template || where_holds(condition, record, ret_holds, err))
        return true;
    cutting->cut->is_eval_error = true;
    return false;
}

/* From the record as it was sent to the row as it is stored. */
static bool take_record(struct cutting *cutting, struct record *record, struct err *err)
{
    struct cut *cut = cutting->cut;
    bool is_kept = true, has_come = is_again(cut);
    if (!has_come && !count_record(cut))
        return true;
    if (record->problem.len && !has_come) {
        reject_broken(cutting, record);
        return true;
    }
    if (!has_come)
        cut->last = arena_buf_set(&cutting->last, record->raw);
    if (!cut->stream->table.key_count && !is_whole(cut) && !cut->is_part && !has_come)
        own_ids_take(&cut->own_ids, record);
    int64_t before = cutting->high.counts.before;
    bookmark_high_take(&cutting->high, record);
    reshape_flatten(&cutting->reshape, record);
    if (!holds(cutting, &cutting->where, record, &is_kept, err) ||
        (is_kept &&
         !holds(cutting, &cutting->deleted, record, &cutting->writer.is_deleted, err)))
        return false;
    if (is_kept)
        reshape_exclude(&cutting->reshape, record);
    else
        cutting->high.counts.before = before; /* it is not stored */
    add_with(cutting, record);
    record_keep_hash(record);
    note_id(cutting, record);
    if (has_come) {
        cutting->high.counts.before = before;
        check_again(cut);
        return true;
    }
    cut->dropped += !is_kept;
    put_parents(cutting, record->raw.ptr);
    return !is_kept || put_record(cutting, record, err);
}

/* Names have at most 64 KiB each, and there are a thousand: far below the ceiling as a rule. */
static struct str format_misfits(const struct misfits *misfits,
                                 void (*put)(const struct misfits *misfits, struct buf *buf))
{
    AUTO_BUF(buf, MIB(4));
    if (!misfits->count)
        return STR_NONE;
    put(misfits, &buf);
    return buf.has_overflowed ? STR_NONE : arena_str(misfits->arena, buf_str(&buf));
}

/* Is it a text, or a list or object with something in it, or true? Numbers are codes: 0 is
 * none. */
static bool says_something(struct str raw)
{
    if (strchr("[{\"", raw.ptr[0]))
        return str_trim(str_slice(raw, 1, raw.len - 1)).len > 0;
    return str_is(raw, "true");
}

/*
 * The error that a body without records names in their place: in the body itself or, with
 * `above`, in that member of it, as the root of XML is.
 */
static struct str find_error(const struct cut *cut, const struct path_step *above)
{
    static const char *const names[] = {"error", "errors"};
    enum { SHOWN_BYTES = 200 };
    struct str body = str_trim(cut->body);
    for (size_t i = 0; i < COUNT_OF(names) && str_starts(body, STR("{")); i++) {
        struct path_step steps[2] = {above ? *above : (struct path_step){0}};
        const struct path path = {.steps = steps, .count = above ? 2 : 1};
        steps[path.count - 1] = (struct path_step){.kind = PATH_KEY, .key = str_from(names[i])};
        struct record_field field;
        if (jsontext_find(cut->arena, body, &path, 0, &field) && says_something(field.raw))
            return arena_printf(cut->arena, "%s is %.*s", names[i],
                                STR_ARG(redact_cut(cut->arena, field.raw, SHOWN_BYTES)));
    }
    return STR_NONE;
}

static bool check_found(struct cutting *cutting, struct err *err)
{
    struct cut *cut = cutting->cut;
    const struct merge *merge = &cut->stream->merge;
    if (records_found(cutting->records) != RECORDS_MISSING)
        return true;
    struct str error = find_error(cut, NULL);
    bool is_missing = !error.len && records_is_only_missing(cutting->records);
    if (is_missing && merge->may_be_missing)
        return true;
    cut->is_merge_error = true;
    if (!error.len && merge->path.count > 1 && merge->path.steps[0].kind == PATH_KEY)
        error = find_error(cut, &merge->path.steps[0]);
    return err_set(err, ERR_INPUT, "cut", 0,
                   "nothing stands at merge_path \"%.*s\": %.*s%s%.*s",
                   STR_ARG(merge->path.source), STR_ARG(records_absence(cutting->records)),
                   error.len    ? ", but the body names an error: "
                   : is_missing ? " (`on_missing: empty` reads that as no records)"
                                : "",
                   STR_ARG(error));
}

static const enum met_state *find_met(const struct cutting *cutting)
{
    const struct cut *cut = cutting->cut;
    const struct met_from from = {.stream = cut->stream,
                                  .writer = &cutting->writer,
                                  .with = &cutting->with,
                                  .reshape = &cutting->reshape,
                                  .kept = cut->records,
                                  .stored = cut->records - cut->rejects,
                                  .dropped = cut->dropped};
    return met_of_page(&from, cut->arena);
}

/* What separates fields in other files stands in the only name. */
static void look_for_delimiter(struct cutting *cutting)
{
    enum { NAME_SHOWN_BYTES = 100 };
    static const struct {
        char byte;
        const char *shown;
    } usual[] = {{';', ";"}, {'\t', "\\t"}, {'|', "|"}, {',', ","}};
    struct cut *cut = cutting->cut;
    struct str name = records_lone_name(cutting->records);
    for (size_t i = 0; i < COUNT_OF(usual) && name.len; i++) {
        if (str_find_byte(name, usual[i].byte) < 0 ||
            usual[i].byte == *cut->stream->form.csv.delimiter.ptr)
            continue;
        cut->warning = arena_printf(
            cut->arena,
            "csv: the header is one name, \"%.*s\": where \"%s\" stands between fields, `csv: "
            "{delimiter: \"%s\"}` says so",
            STR_ARG(redact_cut(cut->arena, name, NAME_SHOWN_BYTES)), usual[i].shown,
            usual[i].shown);
        return;
    }
}

static bool finish(struct cutting *cutting, struct err *err)
{
    struct cut *cut = cutting->cut;
    if (!check_found(cutting, err))
        return false;
    put_parents(cutting, NULL);
    if (cutting->writer.batch->rows.has_overflowed)
        return err_set(err, ERR_INPUT, "cut", 0, "the page's rows are over %zu bytes",
                       cutting->writer.batch->rows.max);
    if (!is_whole(cut))
        cut->skipped = records_skipped(cutting->records);
    cut->asides = cutting->writer.misfits.total;
    cut->met = find_met(cutting);
    cut->misfits = format_misfits(&cutting->writer.misfits, misfits_put_counts);
    cut->misfit_notes = format_misfits(&cutting->writer.misfits, misfits_put_notes);
    cut->bookmark_high = cutting->high.text;
    cut->bookmark = cutting->high.counts;
    look_for_delimiter(cutting);
    if (cutting->high.has_met_future)
        cut->warning = arena_printf(cut->arena,
                                    "bookmark: %.*s holds times later than the run's start; "
                                    "they are not taken",
                                    STR_ARG(cut->stream->bookmark.path.source));
    return true;
}

/* Where a response is one record, paging still counts the records at merge_path; a path that
 * leads to nothing has none. */
static int64_t count_at_path(struct cut *cut)
{
    struct records *records = records_open(cut->arena, cut->body, cut->stream, SHAPE_UNKNOWN);
    struct record record;
    struct err ignored = ERR_INIT;
    int64_t count = 0;
    while (records_next(records, &record, &ignored) == RECORDS_ONE)
        count++;
    cut->skipped = records_skipped(records);
    return count;
}

static void open_records(struct cutting *cutting)
{
    static const struct path whole;
    struct cut *cut = cutting->cut;
    if (is_whole(cut)) {
        cutting->records = records_start(cut->arena, cut->body, &whole);
        records_keep_whole(cutting->records);
        cut->seen = cut->taken = count_at_path(cut);
    } else {
        cutting->records = records_open(cut->arena, cut->body, cut->stream, cut->shape_before);
        records_expect_names(cutting->records, cut->names_before);
    }
    with_watch(&cutting->with, cutting->records);
}

static void clear_outputs(struct cut *cut)
{
    cut->new_fields = (struct new_fields){.arena = cut->arena};
    cut->wants_fields = false;
    cut->records = cut->seen = cut->taken = cut->rejects = cut->asides = cut->dropped = 0;
    cut->met = NULL;
    cut->again = 0;
    cut->is_shifted = false;
    cut->records_hash = 0;
    cut->own_ids = (struct own_ids){.arena = cut->arena};
    cut->ids = NULL;
    cut->id_count = cut->id_capacity = 0;
    cut->skipped = VALUE_WHOLE;
    cut->last = cut->misfits = cut->misfit_notes = STR_NONE;
    cut->bookmark_high = cut->warning = STR_NONE;
    cut->bookmark = (struct bookmark_counts){0};
    cut->is_truncated = cut->is_merge_error = cut->is_refused = cut->is_eval_error = false;
    cut->shape = SHAPE_UNKNOWN;
    cut->names = STR_NONE;
}

/* What CSV writes is text, as long as nobody says otherwise. */
static bool has_texts_alone(const struct cut *cut)
{
    const struct answer_form *form = cut->form ? cut->form : &cut->stream->form;
    return form->format == ANSWER_CSV && !form->csv.infers;
}

static void start_writer(struct cutting *cutting, struct batch *batch)
{
    const struct cut *cut = cutting->cut;
    cutting->writer = (struct row_writer){.batch = batch,
                                          .binder = {.columns = cut->columns,
                                                     .table = &cut->stream->table,
                                                     .extras = cutting->with.fields,
                                                     .extra_count = cutting->with.count,
                                                     .arena = cut->arena,
                                                     .is_extended = cut->is_extended},
                                          .has_texts_alone = has_texts_alone(cut),
                                          .on_record = cut->on_record,
                                          .on_record_ctx = cut->on_record_ctx};
    row_start(&cutting->writer);
    if (cut->is_part)
        cutting->writer.misfits.of =
            arena_printf(cut->arena, "%.*s.", STR_ARG(cut->stream->table.name));
}

/* NULL: an expression of `with` has no value. */
static struct cutting *cutting_start(struct cut *cut, struct batch *batch, struct err *err)
{
    const struct stream *stream = cut->stream;
    struct cutting *cutting = ARENA_NEW(cut->arena, struct cutting);
    clear_outputs(cut);
    *cutting = (struct cutting){
        .cut = cut,
        .with = {.merge = &stream->merge, .arena = cut->arena},
        .where = {.key = "where", .template = stream->merge.where, .scope = cut->scope},
        .deleted = {.key = "deleted", .template = stream->merge.deleted, .scope = cut->scope},
        .high = {.bookmark = &stream->bookmark,
                 .since = cut->bookmark_since,
                 .arena = cut->arena,
                 .now_us = cut->scope ? cut->scope->now_us : 0},
        .last = {.arena = cut->arena},
        .arena_bytes = arena_bytes(cut->arena),
    };
    reshape_start(&cutting->reshape, &stream->merge, cut->arena);
    batch_page_begin(batch);
    batch_expect(batch, cut->body.len);
    if (!with_start(&cutting->with, cut->scope, err)) {
        cut->is_eval_error = true;
        return NULL;
    }
    start_writer(cutting, batch);
    if (has_condition(cutting))
        cutting->where.scratch = cutting->deleted.scratch = arena_new();
    if (cutting->with.count)
        batch_set_added(batch, with_format(&cutting->with));
    open_records(cutting);
    parents_open(&cutting->parents, stream->parents, cut->body, cut->arena);
    return cutting;
}

/* --- the end --- */

static void cutting_end(struct cutting *cutting)
{
    arena_free(cutting->where.scratch);
    cutting->cut->cutting = NULL;
}

static struct cut *cut_at(struct cut *cut)
{
    return cut->at ? &cut->parts[cut->at - 1] : cut;
}

bool cut_is_under_way(const struct cut *cut)
{
    return cut->batch;
}

void cut_drop(struct cut *cut)
{
    if (!cut->batch)
        return;
    if (cut_at(cut)->cutting)
        cutting_end(cut_at(cut)->cutting);
    batch_page_drop(cut->batch);
    cut->batch = NULL;
}

/* What the walk itself has seen of the body. */
static void note_walk(struct cutting *cutting)
{
    struct cut *cut = cutting->cut;
    cut->is_truncated = records_is_truncated(cutting->records);
    cut->is_merge_error = records_is_misshapen(cutting->records);
    cut->shape = records_shape(cutting->records);
    cut->names = records_names(cutting->records);
}

/* All records are in. */
static enum cut_result end_well(struct cutting *cutting, struct err *err)
{
    struct cut *cut = cutting->cut;
    if (!finish(cutting, err))
        return CUT_BAD;
    bool has_no_table = cutting->wants_table && !cut->columns->has_table && !cut->is_extended;
    cut->wants_fields = cutting->is_unknown || has_no_table;
    if (cut->wants_fields)
        cut->new_fields = cutting->writer.new_fields;
    cutting_end(cutting);
    return CUT_DONE;
}

/* --- the way through --- */

/* What the page has become so far is bounded by what it may become. */
static bool is_within(const struct cutting *cutting, struct err *err)
{
    const struct cut *cut = cutting->cut;
    const struct batch *batch = cutting->writer.batch;
    size_t bytes = batch->rows.len - batch->page_rows_len + arena_bytes(cut->arena) -
                   MIN(cutting->arena_bytes, arena_bytes(cut->arena));
    if (!cut->max_bytes || bytes <= cut->max_bytes)
        return true;
    return err_set(err, ERR_INPUT, "cut", CUT_TOO_LARGE,
                   "the page's %zu bytes become more than %zu bytes of rows; ask for fewer "
                   "records a page, or raise the setting `memory`",
                   cut->body.len, cut->max_bytes);
}

/* Is it time for a pause? */
static bool is_over(struct cutting *cutting, const struct record *record)
{
    const struct cut *cut = cutting->cut;
    cutting->work += record->raw.len + cut->columns->count;
    if (has_condition(cutting))
        cutting->work = WORK_A_LOOK; /* how long an expression takes cannot be told */
    if (cutting->work < WORK_A_LOOK || !cut->slice_ms)
        return false;
    spill_touched(cutting->work);
    cutting->work = 0;
    return clock_mono_ms() >= cutting->until_mono_ms;
}

static void note_sent(const struct cut *cut, struct record *record)
{
    if (record->position >= cut->sent_count || is_whole(cut))
        return;
    struct xml_span span = cut->sent_records[record->position];
    record->sent = str_slice(cut->sent, span.from, span.to);
}

/* One table's records; what is put stays in the open page of the batch. */
static enum cut_result cut_table(struct cut *cut, struct batch *batch, int64_t until_mono_ms,
                                 struct err *err)
{
    struct record record;
    enum records_result result;
    if (!cut->cutting)
        cut->cutting = cutting_start(cut, batch, err);
    struct cutting *cutting = cut->cutting;
    if (!cutting)
        return CUT_BAD;
    assert(cutting->writer.batch == batch);
    cutting->until_mono_ms = until_mono_ms;
    while ((result = records_next(cutting->records, &record, err)) == RECORDS_ONE) {
        note_sent(cut, &record);
        if (!take_record(cutting, &record, err) || !is_within(cutting, err)) {
            note_walk(cutting);
            return CUT_BAD;
        }
        if (is_over(cutting, &record))
            return CUT_MORE;
    }
    note_walk(cutting);
    return result == RECORDS_END ? end_well(cutting, err) : CUT_BAD;
}

/* --- all tables --- */

/* {…} and {…} as one object; empty: none. */
static struct str join_objects(struct arena *arena, struct str a, struct str b)
{
    if (!a.len || !b.len)
        return a.len ? a : b;
    return arena_printf(arena, "%.*s,%.*s", (int)(a.len - 1), a.ptr, (int)(b.len - 1),
                        b.ptr + 1);
}

/* What the mark of the page says of the parts. */
static void add_parts(struct cut *cut)
{
    if (cut->part_count)
        cut->part_counts = ARENA_ARRAY(cut->arena, struct mark_part, cut->part_count);
    for (size_t i = 0; i < cut->part_count; i++) {
        const struct cut *part = &cut->parts[i];
        cut->part_counts[i] = (struct mark_part){part->records, part->rejects};
        cut->asides += part->asides;
        cut->misfits = join_objects(cut->arena, cut->misfits, part->misfits);
        cut->misfit_notes = join_objects(cut->arena, cut->misfit_notes, part->misfit_notes);
        if (cut->stream->table.is_none)
            cut->records += part->records;
    }
}

void cut_add_parts(struct cut *whole, const struct columns *const *columns)
{
    const struct stream *stream = whole->stream;
    if (!stream->part_count)
        return;
    struct cut *parts = ARENA_ARRAY(whole->arena, struct cut, stream->part_count);
    for (size_t i = 0; i < stream->part_count; i++)
        parts[i] = (struct cut){
            .body = whole->body,
            .stream = &stream->parts[i],
            .on_record = whole->on_part_record,
            .on_record_ctx = whole->on_record_ctx,
            .columns = columns[i],
            .scope = whole->scope,
            .max_records = -1,
            .is_extended = whole->is_extended,
            .slice_ms = whole->slice_ms,
            .max_bytes = whole->max_bytes,
            .arena = whole->arena,
            .form = whole->form,
            .is_part = true,
        };
    whole->parts = parts;
    whole->part_count = stream->part_count;
}

/* Is one of the tables to be extended before the page can be stored? */
static bool lacks_fields(const struct cut *cut)
{
    bool lacks = cut->wants_fields;
    for (size_t i = 0; i < cut->part_count; i++)
        lacks |= cut->parts[i].wants_fields;
    return lacks;
}

/* A part is in trouble for the whole page: what the caller asks is answered by the whole. */
static enum cut_result end_bad(struct cut *cut, struct err *err)
{
    const struct cut *one = cut_at(cut);
    cut_drop(cut);
    if (one == cut)
        return CUT_BAD;
    cut->is_truncated = one->is_truncated;
    cut->is_merge_error = one->is_merge_error;
    cut->is_refused = one->is_refused;
    cut->is_eval_error = one->is_eval_error;
    err_wrap(err, "table %.*s", STR_ARG(one->stream->table.name));
    return CUT_BAD;
}

enum cut_result cut_page(struct cut *cut, struct batch *batch, struct err *err)
{
    int64_t until_mono_ms = clock_mono_ms() + cut->slice_ms;
    assert(!cut->part_count || batch->part_count == cut->part_count);
    if (!cut->batch)
        cut->at = 0;
    cut->batch = batch;
    for (; cut->at <= cut->part_count; cut->at++) {
        enum cut_result result =
            cut_table(cut_at(cut), batch_at(batch, cut->at), until_mono_ms, err);
        if (result == CUT_MORE)
            return CUT_MORE;
        if (result == CUT_BAD)
            return end_bad(cut, err);
    }
    cut->at = 0;
    if (lacks_fields(cut)) {
        cut_drop(cut);
        return CUT_NEW_FIELDS;
    }
    add_parts(cut);
    cut->batch = NULL;
    return CUT_DONE;
}
