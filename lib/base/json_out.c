#include "base/json_out.h"

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
    if (c == '"' || c == '\\')
        buf_printf(buf, "\\%c", c);
    else if (c < sizeof short_forms && short_forms[c])
        buf_printf(buf, "\\%c", short_forms[c]);
    else
        buf_printf(buf, "\\u%04x", c);
}

void json_out_quote(struct buf *buf, struct str text)
{
    buf_puts(buf, "\"");
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= ' ' && c != '"' && c != '\\')
            continue;
        buf_put(buf, str_slice(text, from, i));
        put_escape(buf, c);
        from = i + 1;
    }
    buf_put(buf, str_slice(text, from, text.len));
    buf_puts(buf, "\"");
}
