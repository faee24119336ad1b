#include "base/json_out.h"

#include "base/bytes.h"
#include "base/hex.h"

static void begin(struct json_out *out, const char *key)
{
    if (out->needs_comma)
        buf_put_byte(out->buf, ',');
    out->needs_comma = true;
    if (key)
        buf_printf(out->buf, "\"%s\":", key);
}

void json_out_open(struct json_out *out, const char *key, char bracket)
{
    begin(out, key);
    buf_put_byte(out->buf, bracket);
    out->needs_comma = false;
}

void json_out_close(struct json_out *out, char bracket)
{
    buf_put_byte(out->buf, bracket);
    out->needs_comma = true;
}

void json_out_name(struct json_out *out, struct str name)
{
    begin(out, NULL);
    json_out_quote(out->buf, name);
    buf_put_byte(out->buf, ':');
    out->needs_comma = false;
}

void json_out_str(struct json_out *out, const char *key, struct str text)
{
    begin(out, key);
    json_out_quote(out->buf, text);
}

void json_out_int(struct json_out *out, const char *key, int64_t number)
{
    begin(out, key);
    buf_printf(out->buf, "%lld", (long long)number);
}

void json_out_bool(struct json_out *out, const char *key, bool flag)
{
    json_out_raw(out, key, flag ? STR("true") : STR("false"));
}

void json_out_null(struct json_out *out, const char *key)
{
    json_out_raw(out, key, STR("null"));
}

void json_out_raw(struct json_out *out, const char *key, struct str json)
{
    begin(out, key);
    buf_put(out->buf, json);
}

/* --- strings --- */

static void put_escape(struct buf *buf, unsigned char c)
{
    static const char short_forms[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    char escape[] = {'\\', (char)c, '0', '0', '0', '0'};
    size_t len = 2;
    if (c < sizeof short_forms && short_forms[c]) {
        escape[1] = short_forms[c];
    } else if (c < ' ') {
        escape[1] = 'u';
        hex_write((struct str){(const char *)&c, 1}, escape + 4);
        len = sizeof escape;
    }
    buf_put(buf, (struct str){escape, len});
}

/* The first byte from `at` that is not written as it is. */
static const char *find_escaped(const char *at, const char *end)
{
    while ((at = bytes_skip_plain(at, end)) < end && (unsigned char)*at >= 0x80)
        at++;
    return at;
}

static void quote_escaped(struct buf *buf, struct str text)
{
    const char *from = text.ptr, *end = from + text.len;
    buf_put_byte(buf, '"');
    for (const char *at = from; (at = find_escaped(at, end)) < end; at++) {
        buf_put(buf, (struct str){from, (size_t)(at - from)});
        put_escape(buf, (unsigned char)*at);
        from = at + 1;
    }
    buf_put(buf, (struct str){from, (size_t)(end - from)});
    buf_put_byte(buf, '"');
}

void json_out_quote(struct buf *buf, struct str text)
{
    const char *end = text.ptr + text.len;
    if (find_escaped(text.ptr, end) < end) {
        quote_escaped(buf, text);
        return;
    }
    char *room = buf_room(buf, text.len + 2);
    if (!room)
        return;
    room[0] = '"';
    if (text.len)
        memcpy(room + 1, text.ptr, text.len);
    room[text.len + 1] = '"';
    buf->len += text.len + 2;
    buf->ptr[buf->len] = '\0';
}
