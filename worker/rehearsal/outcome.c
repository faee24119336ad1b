#include "worker/rehearsal/outcome.h"

#include "base/redact.h"
#include "worker/discover/shown_row.h"

enum { REJECT_BYTES = 1024 };

static size_t table_count(const struct outcome *outcome)
{
    return 1 + outcome->stream->part_count;
}

void outcome_init(struct outcome *outcome, struct arena *arena, const struct stream *stream)
{
    *outcome = (struct outcome){.arena = arena, .stream = stream};
    outcome->tables = ARENA_ARRAY(arena, struct outcome_table, table_count(outcome));
    for (size_t i = 0; i < table_count(outcome); i++) {
        struct outcome_table *table = &outcome->tables[i];
        *table = (struct outcome_table){0};
        buf_init(&table->rows, OUTCOME_BYTES_MAX);
        buf_init(&table->rejects, OUTCOME_BYTES_MAX);
        buf_init(&table->page_rows, OUTCOME_BYTES_MAX);
        buf_init(&table->page_rejects, OUTCOME_BYTES_MAX);
    }
}

void outcome_done(struct outcome *outcome)
{
    for (size_t i = 0; i < table_count(outcome); i++) {
        buf_done(&outcome->tables[i].rows);
        buf_done(&outcome->tables[i].rejects);
        buf_done(&outcome->tables[i].page_rows);
        buf_done(&outcome->tables[i].page_rejects);
    }
}

/* --- while it runs --- */

static void begin_page(struct outcome_table *table)
{
    buf_reset(&table->page_rows);
    buf_reset(&table->page_rejects);
    table->has_position = false;
}

void outcome_request(struct outcome *outcome)
{
    for (size_t i = 0; i < table_count(outcome); i++)
        begin_page(&outcome->tables[i]);
}

static const struct table *table_at(const struct outcome *outcome, size_t at)
{
    const struct stream *stream = outcome->stream;
    return at ? &stream->parts[at - 1].table : &stream->table;
}

static struct outcome_table *table_of(struct outcome *outcome, const struct table *table)
{
    for (size_t i = 0; i < table_count(outcome); i++)
        if (str_eq(table_at(outcome, i)->name, table->name) &&
            str_eq(table_at(outcome, i)->schema, table->schema))
            return &outcome->tables[i];
    return outcome->tables;
}

static void begin_item(struct buf *list)
{
    if (list->len)
        buf_put_byte(list, ',');
}

static void put_reject(struct outcome_table *table, const struct record *record,
                       const char *reason)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct json_out out = {.buf = &table->page_rejects};
    begin_item(&table->page_rejects);
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "reason", redact_str(arena, str_from(reason)));
    json_out_str(&out, "record", redact_cut(arena, record->raw, REJECT_BYTES));
    json_out_close(&out, '}');
}

void outcome_record(struct outcome *outcome, const struct row_writer *writer,
                    const struct record *record, enum row_result result, const char *reason)
{
    struct outcome_table *table = table_of(outcome, writer->binder.table);
    if (table->has_position && record->position <= table->last_position)
        begin_page(table); /* it is cut again */
    table->has_position = true;
    table->last_position = record->position;
    if (result == ROW_REJECTED || result == ROW_FAILED)
        put_reject(table, record, reason);
    if (result != ROW_PUT && result != ROW_ASIDE)
        return;
    begin_item(&table->page_rows);
    shown_row_put(&table->page_rows, writer);
}

static void append(struct buf *list, const struct buf *page)
{
    if (!page->len)
        return;
    begin_item(list);
    buf_put(list, buf_str(page));
    list->has_overflowed |= page->has_overflowed;
}

void outcome_page_end(struct outcome *outcome, const struct crawl_page *page)
{
    if (page->decision->complete)
        outcome->complete = job_complete_name(page->decision->complete);
    for (size_t i = 0; i < table_count(outcome) && !page->is_count && !page->prepare; i++) {
        struct outcome_table *table = &outcome->tables[i];
        append(&table->rows, &table->page_rows);
        append(&table->rejects, &table->page_rejects);
        begin_page(table);
    }
}

/* --- when it is over --- */

static void put_columns(struct json_out *out, const struct preview *preview, struct str name)
{
    json_out_open(out, "columns", '{');
    for (size_t i = 0; i < preview->table_count; i++)
        for (size_t j = 0;
             j < preview->tables[i].count && str_eq(preview->tables[i].name, name); j++) {
            json_out_name(out, preview->tables[i].columns[j].name);
            json_out_str(out, NULL, preview->tables[i].columns[j].sql_type);
        }
    json_out_close(out, '}');
}

static bool put_list(struct json_out *out, const char *key, const struct buf *list)
{
    json_out_open(out, key, '[');
    if (list->len)
        json_out_raw(out, NULL, buf_str(list));
    json_out_close(out, ']');
    return !list->has_overflowed;
}

static bool put_table(struct json_out *out, const struct outcome *outcome,
                      const struct preview *preview, size_t at)
{
    const struct table *named = table_at(outcome, at);
    const struct outcome_table *table = &outcome->tables[at];
    struct str name =
        arena_printf(outcome->arena, "%.*s.%.*s", STR_ARG(named->schema), STR_ARG(named->name));
    json_out_name(out, name);
    json_out_open(out, NULL, '{');
    put_columns(out, preview, name);
    bool is_whole = put_list(out, "rows", &table->rows);
    if (table->rejects.len)
        is_whole &= put_list(out, "rejected", &table->rejects);
    json_out_close(out, '}');
    return is_whole;
}

static bool put(struct json_out *out, const struct outcome *outcome,
                const struct preview *preview, int64_t requests)
{
    const char *reason = job_reason_name(preview->reason);
    bool is_whole = true;
    json_out_open(out, NULL, '{');
    json_out_str(out, "state", str_from(preview_state_name(preview)));
    if (*reason)
        json_out_str(out, "reason", str_from(reason));
    if (outcome->complete)
        json_out_str(out, "complete", str_from(outcome->complete));
    json_out_int(out, "requests", requests);
    json_out_int(out, "pages", preview->pages);
    json_out_open(out, "tables", '{');
    for (size_t i = 0; i < table_count(outcome); i++)
        is_whole &= put_table(out, outcome, preview, i);
    json_out_close(out, '}');
    json_out_close(out, '}');
    return is_whole && !out->buf->has_overflowed;
}

bool outcome_read(const struct outcome *outcome, const struct preview *preview,
                  int64_t requests, struct value *ret_value, struct err *err)
{
    AUTO_BUF(text, OUTCOME_BYTES_MAX);
    struct json_out out = {.buf = &text};
    if (!put(&out, outcome, preview, requests))
        return err_set(err, ERR_INPUT, "rehearsal", 0,
                       "what came out is over %d MiB: take fewer pages",
                       OUTCOME_BYTES_MAX >> 20);
    struct str json = redact_str(outcome->arena, buf_str(&text));
    return value_parse(outcome->arena, json, VALUE_WHOLE, ret_value, err);
}
