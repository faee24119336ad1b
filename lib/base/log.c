#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/redact.h"

enum { LINE_MAX_BYTES = 8192 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};

const char *const log_event_names[LOG_EVENT_COUNT] = {
#define X(name, text, help) [LOG_##name] = text,
    LOG_EVENTS(X)
#undef X
};

const char *const log_event_helps[LOG_EVENT_COUNT] = {
#define X(name, text, help) [LOG_##name] = help,
    LOG_EVENTS(X)
#undef X
};

static enum log_level threshold = LOG_INFO;
static bool is_json;
static void (*on_line_set)(void *ctx);
static void *on_line_ctx;

void log_set_level(enum log_level level)
{
    threshold = level;
}

void log_set_json(bool json)
{
    is_json = json;
}

void log_set_on_line(void (*on_line)(void *ctx), void *ctx)
{
    on_line_set = on_line;
    on_line_ctx = ctx;
}

bool log_level_parse(struct str name, enum log_level *ret_level)
{
    for (size_t i = 0; i < COUNT_OF(level_names); i++) {
        if (str_is(name, level_names[i])) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_is_on(enum log_level level)
{
    return level >= threshold;
}

/* --- pieces --- */

static void put_escaped(struct buf *buf, struct str text)
{
    printable_put(buf, text, is_json ? PRINTABLE_STRING : PRINTABLE_LINE);
}

/* As put_escaped, but no more than `room` bytes; whole characters and escapes only. */
static void put_fitting(struct buf *buf, struct str text, size_t room)
{
    size_t limit = buf->len + room;
    while (text.len) {
        size_t before = buf->len, len = MAX(str_utf8_length(text), (size_t)1);
        put_escaped(buf, str_slice(text, 0, len));
        if (buf->len > limit) {
            buf_truncate(buf, before);
            return;
        }
        text = str_slice(text, len, text.len);
    }
}

/* Milliseconds always have three digits, so that lines align. */
static void put_time(struct buf *buf)
{
    int64_t ms = clock_wall_ms();
    date_format_rfc3339(buf, (ms - ms % 1000) * 1000);
    buf_truncate(buf, buf->len - 1);
    buf_printf(buf, ".%03dZ", (int)(ms % 1000));
}

/* --- lines --- */

static void put_text_where(struct buf *buf, const struct log_where *where)
{
    if (where->stream.len) {
        buf_puts(buf, " ");
        put_escaped(buf, where->stream);
    }
    if (where->run)
        buf_printf(buf, " %" PRId64, where->run);
    if (where->run && where->job_n)
        buf_printf(buf, "/%d", where->job_n);
    if (where->page)
        buf_printf(buf, " page %d", where->page);
}

static void put_text_line(struct buf *buf, enum log_level level, enum log_event event,
                          const struct log_where *where, struct str message)
{
    put_time(buf);
    buf_printf(buf, " %-5s %s ", level_names[level], log_event_names[event]);
    size_t before = buf->len;
    put_text_where(buf, where);
    buf_puts(buf, "  ");
    if (buf->len == before + 2)
        buf_truncate(buf, before + 1);
    put_fitting(buf, message, LINE_MAX_BYTES - 1 - buf->len);
    buf_puts(buf, "\n");
}

static void put_json_where(struct buf *buf, const struct log_where *where)
{
    if (where->stream.len) {
        buf_puts(buf, ",\"stream\":\"");
        put_escaped(buf, where->stream);
        buf_puts(buf, "\"");
    }
    if (where->run)
        buf_printf(buf, ",\"run\":%" PRId64, where->run);
    if (where->run && where->job_n)
        buf_printf(buf, ",\"job\":\"%" PRId64 "/%d\"", where->run, where->job_n);
    if (where->page)
        buf_printf(buf, ",\"page\":%d", where->page);
}

static void put_json_line(struct buf *buf, enum log_level level, enum log_event event,
                          const struct log_where *where, struct str message)
{
    buf_puts(buf, "{\"at\":\"");
    put_time(buf);
    buf_printf(buf, "\",\"level\":\"%s\",\"event\":\"%s\"", level_names[level],
               log_event_names[event]);
    put_json_where(buf, where);
    buf_puts(buf, ",\"message\":\"");
    put_fitting(buf, message, LINE_MAX_BYTES - 3 - buf->len);
    buf_puts(buf, "\"}\n");
}

/* Redacted whole and cut afterwards: a secret cut in half would not be recognised. */
static void write_line(enum log_level level, enum log_event event,
                       const struct log_where *where, struct str message)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(line, 2 * LINE_MAX_BYTES);
    struct log_where shown = *where;
    shown.stream = str_slice(redact_str(arena, where->stream), 0, 256);
    message = redact_str(arena, message);
    if (is_json)
        put_json_line(&line, level, event, &shown, message);
    else
        put_text_line(&line, level, event, &shown, message);
    if (on_line_set)
        on_line_set(on_line_ctx);
    ssize_t written = write(STDERR_FILENO, line.ptr, line.len);
    (void)written; /* there is nobody left to tell */
}

void log_write(enum log_level level, enum log_event event, const struct log_where *where,
               const char *fmt, ...)
{
    if (!log_is_on(level))
        return;
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    AUTO_FREE char *message = mem_alloc((size_t)len + 1);
    va_start(args, fmt);
    vsnprintf(message, (size_t)len + 1, fmt, args);
    va_end(args);
    write_line(level, event, where, (struct str){message, (size_t)len});
}
