#include "worker/load/message.h"

#include "base/mem.h"
#include "core/value.h"
#include "port/digest.h"

/* Members are written with a comma behind; the last one's is taken back by close_with. */
static void close_with(struct buf *buf, char bracket)
{
    if (buf->len && buf->ptr[buf->len - 1] == ',')
        buf_cut(buf, buf->len - 1);
    buf_put_byte(buf, bracket);
}

static void put_int(struct buf *buf, const char *name, int64_t number)
{
    buf_printf(buf, "\"%s\":%lld,", name, (long long)number);
}

/* jsonb takes neither NUL nor what is no UTF-8, and a message must never fail on its words. */
static void put_string(struct buf *buf, struct str text)
{
    if (str_is_utf8(text) && str_find_byte(text, '\0') < 0) {
        value_format_string(buf, text);
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
    value_format_string(buf, (struct str){clean, text.len});
}

static void put_text(struct buf *buf, const char *name, struct str text)
{
    buf_printf(buf, "\"%s\":", name);
    put_string(buf, text);
    buf_put_byte(buf, ',');
}

static void put_text_if_any(struct buf *buf, const char *name, struct str text)
{
    if (text.len)
        put_text(buf, name, text);
}

static void put_names(struct buf *buf, const char *name, const struct columns *columns,
                      bool only_key)
{
    buf_printf(buf, "\"%s\":[", name);
    for (size_t i = 0; i < columns->count; i++) {
        if (only_key && !columns->items[i].is_key)
            continue;
        value_format_string(buf, columns->items[i].name);
        buf_put_byte(buf, ',');
    }
    close_with(buf, ']');
    buf_put_byte(buf, ',');
}

static void put_table(struct buf *buf, const struct table *table, const struct map *map,
                      unsigned loader)
{
    if (!map) {
        buf_puts(buf, "\"table\":null,");
        return;
    }
    buf_puts(buf, "\"table\":{");
    put_text(buf, "schema", table->schema);
    put_text(buf, "name", table->name);
    buf_puts(buf, "\"stage\":\"");
    map_put_stage_name(buf, loader);
    buf_puts(buf, "\",");
    put_names(buf, "columns", &map->columns, false);
    put_names(buf, "key", &map->columns, true);
    put_text(buf, "write", table->write == WRITE_UPSERT ? STR("upsert") : STR("append"));
    close_with(buf, '}');
    buf_put_byte(buf, ',');
}

static void put_end(struct buf *buf, const struct mark *mark)
{
    buf_puts(buf, "\"end\":{");
    put_text(buf, "state", str_from(job_state_name(mark->end)));
    put_text_if_any(buf, "reason", str_from(job_reason_name(mark->reason)));
    put_text_if_any(buf, "error", mark->error);
    if (mark->end == JOB_WAITING) {
        put_int(buf, "wait_ms", mark->wait_ms);
        put_text_if_any(buf, "waiting_for", mark->waiting_for);
        put_int(buf, "attempt", mark->attempt);
        put_int(buf, "told_waits", mark->told_waits);
    }
    close_with(buf, '}');
    buf_put_byte(buf, ',');
}

static void put_page(struct buf *buf, const struct mark *mark)
{
    put_int(buf, "page", mark->page);
    buf_printf(buf, "\"request_hash\":\"%llu\",\"records_hash\":\"%llu\",",
               (unsigned long long)mark->request_hash, (unsigned long long)mark->records_hash);
    put_int(buf, "status", mark->status);
    put_int(buf, "attempts", mark->attempts);
    put_int(buf, "records", mark->records);
    put_int(buf, "bytes", mark->bytes);
    put_int(buf, "rejects", mark->rejects);
    put_int(buf, "asides", mark->asides);
    put_int(buf, "fetched_at_ms", mark->fetched_at_ms);
    if (mark->checkpoint.len) {
        buf_puts(buf, "\"checkpoint\":");
        buf_put(buf, mark->checkpoint);
        buf_put_byte(buf, ',');
    }
}

static void put_mark(struct buf *buf, const struct mark *mark)
{
    buf_put_byte(buf, '{');
    put_int(buf, "job", mark->job);
    put_int(buf, "epoch", mark->epoch);
    put_text(buf, "owner", str_from(mark->owner));
    if (mark->page)
        put_page(buf, mark);
    put_int(buf, "retries", mark->retries);
    put_int(buf, "waited_ms", mark->waited_ms);
    if (mark->pages_total)
        put_int(buf, "pages_total", mark->pages_total);
    if (mark->misfits.len) {
        buf_puts(buf, "\"aside_columns\":");
        buf_put(buf, mark->misfits);
        buf_put_byte(buf, ',');
    }
    put_text_if_any(buf, "bookmark_high", mark->bookmark_high);
    put_text_if_any(buf, "warning", mark->warning);
    put_text_if_any(buf, "paging", mark->paging);
    if (mark->has_end)
        put_end(buf, mark);
    close_with(buf, '}');
    buf_put_byte(buf, ',');
}

static void put_reject(struct buf *buf, struct arena *arena,
                       const struct batch_reject_record *reject)
{
    buf_put_byte(buf, '{');
    put_int(buf, "mark", (int64_t)reject->mark);
    put_int(buf, "position", (int64_t)reject->position);
    put_text(buf, "reason", reject->reason);
    buf_puts(buf, "\"record\":\"");
    buf_put(buf, digest_base64(arena, reject->record));
    buf_puts(buf, "\"},");
}

void message_put(struct buf *buf, const char *worker, const struct batch *batch,
                 const struct stream *stream, const struct map *map, unsigned loader)
{
    AUTO_ARENA struct arena *arena = arena_new();
    buf_put_byte(buf, '{');
    put_text(buf, "worker", str_from(worker));
    put_int(buf, "max_rejects", stream->table.max_rejects);
    put_table(buf, &stream->table, map, loader);
    buf_puts(buf, "\"marks\":[");
    for (size_t i = 0; i < batch->mark_count; i++)
        put_mark(buf, &batch->marks[i]);
    close_with(buf, ']');
    buf_puts(buf, ",\"rejects\":[");
    for (size_t i = 0; i < batch->reject_count; i++)
        put_reject(buf, arena, &batch->rejects[i]);
    close_with(buf, ']');
    buf_put_byte(buf, '}');
}
