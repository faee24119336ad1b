#include "worker/load/commit_message.h"

#include <assert.h>

#include "base/json_out.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/redact.h"
#include "port/digest.h"
#include "port/pg_array.h"

enum { OID_BIGINT = 20 };

/* jsonb takes neither NUL nor bytes that are not UTF-8; no message may fail for its texts. */
static void put_text(struct json_out *out, const char *key, struct str text)
{
    if (str_is_utf8(text) && str_find_byte(text, '\0') < 0) {
        json_out_str(out, key, text);
        return;
    }
    AUTO_FREE char *clean = mem_dup(text.ptr, text.len);
    for (size_t i = 0; i < text.len; i++) {
        size_t len = str_utf8_length(str_slice(text, i, text.len));
        if (len == 0 || text.ptr[i] == '\0')
            clean[i] = '?';
        else
            i += len - 1;
    }
    json_out_str(out, key, (struct str){clean, text.len});
}

static void put_int_if_any(struct json_out *out, const char *key, int64_t number)
{
    if (number)
        json_out_int(out, key, number);
}

static void put_text_if_any(struct json_out *out, const char *key, struct str text)
{
    if (text.len)
        put_text(out, key, text);
}

/*
 * Words for people that an API may have had a hand in: kept as they are shown, so that a client
 * of PostgreSQL need not think of it. Data (records, bookmarks, checkpoints) stays as it came.
 */
static void put_words(struct json_out *out, const char *key, struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    if (text.len)
        json_out_str(out, key, printable_str(arena, redact_str(arena, text), PRINTABLE_BLOCK));
}

static void put_names(struct json_out *out, const char *key, const struct columns *columns,
                      bool only_key)
{
    json_out_open(out, key, '[');
    for (size_t i = 0; i < columns->count; i++)
        if (!only_key || columns->items[i].is_key)
            json_out_str(out, NULL, columns->items[i].name);
    json_out_close(out, ']');
}

/* By a part of a key, records would be taken for each other. */
static void put_key(struct json_out *out, const struct table *table,
                    const struct columns *columns)
{
    static const struct columns none;
    size_t found = 0;
    for (size_t i = 0; i < columns->count; i++)
        found += columns->items[i].is_key;
    put_names(out, "key", found == table->key_count ? columns : &none, true);
}

struct str commit_write_mode(const struct table *table)
{
    static const char *const names[] = {[WRITE_APPEND] = "append",
                                        [WRITE_UPSERT] = "upsert",
                                        [WRITE_REPLACE] = "replace",
                                        [WRITE_HISTORY] = "history"};
    return str_from(names[table->write]);
}

/* Fields of `with` by their columns. */
static void put_parent_key(struct json_out *out, const struct table *table,
                           const struct columns *columns)
{
    json_out_open(out, "parent_key", '[');
    for (size_t i = 0; i < columns->count; i++)
        for (size_t j = 0; j < table->parent_key_count; j++)
            if (str_eq(columns->items[i].field, table->parent_key[j]))
                json_out_str(out, NULL, columns->items[i].name);
    json_out_close(out, ']');
}

static void put_target(struct json_out *out, const char *key,
                       const struct commit_message *message)
{
    AUTO_BUF(stage, 64);
    column_map_put_stage_name(&stage, message->loader);
    assert(message->stream);
    const struct table *table = &message->stream->table;
    const struct columns *columns = &message->map->columns;
    json_out_open(out, key, '{');
    put_text(out, "schema", table->schema);
    put_text(out, "name", table->name);
    json_out_str(out, "stage", buf_str(&stage));
    put_names(out, "columns", columns, false);
    put_key(out, table, columns);
    json_out_str(out, "write", commit_write_mode(table));
    json_out_bool(out, "direct", message->rows == ROWS_IN_TABLE);
    json_out_bool(out, "part", message->rows == ROWS_IN_PART);
    json_out_bool(out, "fills", table->fills);
    if (message->stream->merge.deleted)
        put_text(out, "deletes", table->deletes == DELETES_SOFT ? STR("soft") : STR("hard"));
    if (table->parent_key_count)
        put_parent_key(out, table, columns);
    json_out_close(out, '}');
}

static void put_table(struct json_out *out, const struct commit_message *message)
{
    if (message->map && message->rows != ROWS_THERE)
        put_target(out, "table", message);
    else
        json_out_null(out, "table");
}

static struct commit_message part_of(const struct commit_message *whole, size_t part)
{
    struct commit_message message = *whole;
    message.stream = &whole->stream->parts[part];
    message.map = whole->whole->parts[part];
    message.loader = whole->loader + 1 + (unsigned)part;
    message.rows = ROWS_STAGED;
    return message;
}

/* The parts of the stream that have rows. */
static void put_parts(struct json_out *out, const struct commit_message *message)
{
    const struct batch *batch = message->batch;
    if (!message->whole || !batch->part_count)
        return;
    json_out_open(out, "tables", '[');
    for (size_t i = 0; i < batch->part_count; i++) {
        const struct commit_message part = part_of(message, i);
        if (batch->parts[i]->row_count)
            put_target(out, NULL, &part);
    }
    json_out_close(out, ']');
}

static void put_keys(struct json_out *out, const struct commit_message *message)
{
    const struct batch *batch = message->batch;
    json_out_open(out, "keys", '[');
    for (size_t mark = 0, row = 0; mark < batch->mark_count; mark++) {
        size_t first = row;
        while (row < message->keys->count && batch->row_marks[row] == mark)
            row++;
        json_out_int(out, NULL, (int64_t)(row - first));
    }
    json_out_close(out, ']');
}

static void put_end(struct json_out *out, const struct mark *mark)
{
    json_out_open(out, "end", '{');
    put_text(out, "state", str_from(job_state_name(mark->end)));
    put_text_if_any(out, "reason", str_from(job_reason_name(mark->reason)));
    put_words(out, "error", mark->error);
    if (mark->end == JOB_WAITING) {
        json_out_int(out, "wait_ms", mark->wait_ms);
        put_words(out, "waiting_for", mark->waiting_for);
        json_out_int(out, "attempt", mark->attempt);
        json_out_int(out, "told_waits", mark->server_waits);
    }
    json_out_close(out, '}');
}

/* As text: a hash has 64 bits, and jsonb's readers may hold numbers as doubles. Signed, as the
 * ledger's bigint is. */
static void put_hash(struct json_out *out, const char *key, uint64_t hash)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)hash);
    json_out_str(out, key, str_from(digits));
}

static void put_page(struct json_out *out, const struct mark *mark)
{
    put_hash(out, "request_hash", mark->request_hash);
    put_hash(out, "records_hash", mark->records_hash);
    put_text_if_any(out, "asked", mark->asked);
    put_text_if_any(out, "why", mark->why);
    json_out_int(out, "status", mark->status);
    json_out_int(out, "attempts", mark->attempts);
    json_out_int(out, "records", mark->records);
    json_out_int(out, "bytes", mark->bytes);
    put_int_if_any(out, "rejects", mark->rejects);
    put_int_if_any(out, "dropped", mark->dropped);
    put_int_if_any(out, "asides", mark->asides);
    json_out_int(out, "fetched_at_ms", mark->fetched_at_ms);
}

/* {table: count} of the parts that the page has brought something. */
static void put_counts(struct json_out *out, const char *key,
                       const struct commit_message *message, size_t n, bool of_rejects)
{
    const struct batch *batch = message->batch;
    bool is_open = false;
    for (size_t i = 0; i < batch->part_count; i++) {
        const struct mark *mark = &batch->parts[i]->marks[n];
        int64_t count = of_rejects ? mark->rejects : mark->records;
        if (count && !is_open)
            json_out_open(out, key, '{');
        is_open |= count != 0;
        if (count) {
            json_out_name(out, message->stream->parts[i].table.name);
            json_out_int(out, NULL, count);
        }
    }
    if (is_open)
        json_out_close(out, '}');
}

static void put_mark(struct json_out *out, const struct commit_message *message, size_t n)
{
    const struct mark *mark = &message->batch->marks[n];
    json_out_open(out, NULL, '{');
    json_out_int(out, "n", (int64_t)n);
    json_out_int(out, "job", mark->job);
    json_out_int(out, "epoch", mark->epoch);
    put_text(out, "owner", str_from(mark->owner));
    json_out_int(out, "page", mark->page);
    if (mark->page)
        put_page(out, mark);
    else
        put_int_if_any(out, "after", mark->after);
    if (mark->page && message->way)
        put_text(out, "way", str_from(message->way));
    if (mark->checkpoint.len)
        json_out_raw(out, "checkpoint", mark->checkpoint);
    put_int_if_any(out, "leg", mark->leg);
    if (mark->more)
        json_out_bool(out, "more", true);
    put_int_if_any(out, "retries", mark->retries);
    put_int_if_any(out, "waited_ms", mark->waited_ms);
    put_int_if_any(out, "pages_total", mark->pages_total);
    if (mark->places.len)
        json_out_raw(out, "places", mark->places);
    if (mark->misfits.len)
        json_out_raw(out, "aside_columns", mark->misfits);
    if (mark->misfit_notes.len)
        json_out_raw(out, "aside_notes", mark->misfit_notes);
    put_text_if_any(out, "bookmark_high", mark->bookmark_high);
    put_words(out, "warning", mark->warning);
    put_words(out, "paging", mark->paging);
    put_text_if_any(out, "complete", str_from(job_complete_name(mark->complete)));
    put_words(out, "complete_why", mark->complete_why);
    if (mark->total) {
        json_out_int(out, "total", mark->total);
        json_out_int(out, "reached", mark->reached);
    }
    put_counts(out, "tables", message, n, false);
    put_counts(out, "table_rejects", message, n, true);
    if (mark->ranges.len)
        json_out_raw(out, "ranges", mark->ranges);
    if (mark->has_end)
        put_end(out, mark);
    json_out_close(out, '}');
}

/* `of_table`: empty, or the name of the part that it belongs to. */
static void put_reject(struct json_out *out, struct arena *arena,
                       const struct batch_reject_record *reject, struct str of_table)
{
    json_out_open(out, NULL, '{');
    json_out_int(out, "mark", (int64_t)reject->mark);
    json_out_int(out, "position", (int64_t)reject->position);
    put_words(out, "reason", reject->reason);
    json_out_str(out, "record", digest_base64(arena, reject->record));
    put_text_if_any(out, "added", reject->added);
    put_text_if_any(out, "of_table", of_table);
    json_out_close(out, '}');
}

static void put_rejects(struct json_out *out, const struct commit_message *message)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct batch *batch = message->batch;
    json_out_open(out, "rejects", '[');
    for (size_t i = 0; i < batch->reject_count; i++)
        put_reject(out, arena, &batch->rejects[i], STR_NONE);
    for (size_t part = 0; part < batch->part_count; part++)
        for (size_t i = 0; i < batch->parts[part]->reject_count; i++)
            put_reject(out, arena, &batch->parts[part]->rejects[i],
                       message->stream->parts[part].table.name);
    json_out_close(out, ']');
}

void commit_message_put_part(struct buf *buf, const struct commit_message *message, size_t part)
{
    struct json_out out = {.buf = buf};
    const struct commit_message of_part = part_of(message, part);
    json_out_open(&out, NULL, '{');
    put_target(&out, "table", &of_part);
    json_out_open(&out, "before", '[');
    if (message->batch->row_count)
        put_target(&out, NULL, message);
    for (size_t i = 0; i < part; i++) {
        const struct commit_message before = part_of(message, i);
        if (message->batch->parts[i]->row_count)
            put_target(&out, NULL, &before);
    }
    json_out_close(&out, ']');
    json_out_open(&out, "marks", '[');
    for (size_t i = 0; i < message->batch->mark_count; i++)
        put_mark(&out, message, i);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
}

void commit_message_put(struct buf *buf, const struct commit_message *message)
{
    const struct stream *stream = message->stream;
    const struct batch *batch = message->batch;
    struct json_out out = {.buf = buf};
    json_out_open(&out, NULL, '{');
    put_text(&out, "worker", str_from(message->worker));
    json_out_int(&out, "max_rejects", stream ? stream->table.max_rejects : 0);
    if (stream && stream->required)
        put_text(&out, "require", str_from(job_complete_name(stream->required)));
    if (message->is_indivisible)
        json_out_bool(&out, "indivisible", true);
    put_table(&out, message);
    put_parts(&out, message);
    if (message->keys)
        put_keys(&out, message);
    json_out_open(&out, "marks", '[');
    for (size_t i = 0; i < batch->mark_count; i++)
        put_mark(&out, message, i);
    json_out_close(&out, ']');
    put_rejects(&out, message);
    json_out_close(&out, '}');
}

void commit_message_put_hashes(struct buf *buf, const struct commit_message *message)
{
    const struct row_keys *keys = message->keys;
    if (!keys)
        return;
    pg_array_put_head(buf, OID_BIGINT, keys->count);
    for (size_t i = 0; i < keys->count; i++)
        pg_array_put_bigint(buf, (int64_t)keys->hashes[i]);
}

void commit_message_params(const struct buf *message, const struct buf *hashes,
                           struct pg_value params[COMMIT_PARAMS])
{
    params[0] = pg_text(buf_str(message));
    params[1] = hashes->len ? pg_binary(buf_str(hashes)) : PG_NULL;
}
