#include "web/definition.h"

#include "base/json_out.h"
#include "base/redact.h"
#include "config/credential.h"
#include "config/source.h"

/* A larger one would keep the loop from everything else for too long. */
enum { SPEC_SHOWN_MAX = 512 << 10, SPEC_BYTES_MAX = 8 << 20 };

struct hiding {
    struct arena *arena;
    struct str *values; /* as JSON writes them, without the quotes */
    size_t count, capacity;
};

static void note(void *ctx, struct str place, struct str value)
{
    (void)place;
    struct hiding *hiding = ctx;
    AUTO_BUF(quoted, SPEC_BYTES_MAX);
    json_out_quote(&quoted, value);
    if (value.len && !quoted.has_overflowed) {
        ARENA_GROW(hiding->arena, hiding->values, hiding->count, hiding->capacity);
        hiding->values[hiding->count++] =
            arena_str(hiding->arena, str_slice(buf_str(&quoted), 1, quoted.len - 1));
    }
}

/* A short value may be a part of anything, but behind '=' it is what a query says. */
static bool is_hidden_at(struct str text, size_t at, struct str value)
{
    enum { LONG_BYTES = 4 };
    return value.len >= LONG_BYTES || value.len == text.len ||
           (at > 0 && text.ptr[at - 1] == '=');
}

/* The text, a string's inside or a number, without the value. */
static struct str hide(struct arena *arena, struct str text, struct str value)
{
    AUTO_BUF(shown, SPEC_BYTES_MAX);
    size_t from = 0;
    for (size_t at = 0; at + value.len <= text.len; at++) {
        if (!str_eq(str_slice(text, at, at + value.len), value) ||
            !is_hidden_at(text, at, value))
            continue;
        buf_put(&shown, str_slice(text, from, at));
        buf_puts(&shown, "<hidden>");
        from = at + value.len;
        at = from - 1;
    }
    if (!from)
        return text;
    buf_put(&shown, str_slice(text, from, text.len));
    return shown.has_overflowed ? STR("<hidden>") : arena_str(arena, buf_str(&shown));
}

static struct str hide_all(const struct hiding *hiding, struct str text)
{
    for (size_t i = 0; i < hiding->count; i++)
        text = hide(hiding->arena, text, hiding->values[i]);
    return redact_str(hiding->arena, text);
}

/* The end of a string's inside. */
static size_t string_end(struct str json, size_t at)
{
    while (at < json.len && json.ptr[at] != '"')
        at += json.ptr[at] == '\\' ? 2 : 1;
    return MIN(at, json.len);
}

static size_t number_end(struct str json, size_t at)
{
    while (at < json.len && strchr("+-.eE0123456789", json.ptr[at]))
        at++;
    return at;
}

/* The JSON text with each string and number as it may be shown; a number that may not becomes a
 * string. */
static struct str show(const struct hiding *hiding, struct str json)
{
    AUTO_BUF(shown, SPEC_BYTES_MAX);
    for (size_t at = 0; at < json.len;) {
        char c = json.ptr[at];
        bool is_string = c == '"', is_number = c == '-' || (c >= '0' && c <= '9');
        size_t end = is_string   ? string_end(json, at + 1)
                     : is_number ? number_end(json, at)
                                 : at + 1;
        struct str text = str_slice(json, at + is_string, end);
        struct str seen = is_string || is_number ? hide_all(hiding, text) : text;
        bool is_quoted = is_string || !str_eq(seen, text);
        if (is_quoted)
            buf_put_byte(&shown, '"');
        buf_put(&shown, seen);
        if (is_quoted)
            buf_put_byte(&shown, '"');
        at = end + is_string;
    }
    return shown.has_overflowed ? STR_NONE : arena_str(hiding->arena, buf_str(&shown));
}

struct str definition_show(struct arena *arena, struct str spec)
{
    struct stream *stream;
    struct err err = ERR_INIT;
    struct hiding hiding = {.arena = arena};
    if (spec.len > SPEC_SHOWN_MAX || !source_parse_spec(arena, spec, &stream, &err))
        return STR_NONE;
    credential_find(stream, note, &hiding);
    return show(&hiding, spec);
}
