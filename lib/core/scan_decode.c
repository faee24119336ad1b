#include "core/scan.h"

#include <string.h>

#include "base/hex.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

int scan_hex4(const char **at, const char *end)
{
    int code = 0;
    for (int i = 0; i < 4; i++, (*at)++) {
        int digit = *at < end ? hex_digit(**at) : -1;
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

int scan_low_surrogate(const char *at, const char *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    at += 2;
    int code = scan_hex4(&at, end);
    return code >= 0xDC00 && code <= 0xDFFF ? code : -1;
}

size_t scan_put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* `*at` is the byte after \u. */
static unsigned decode_unicode(const char **at, const char *end)
{
    int code = scan_hex4(at, end);
    if (code < 0xD800 || code > 0xDFFF)
        return (unsigned)code;
    int low = code < 0xDC00 ? scan_low_surrogate(*at, end) : -1;
    if (low < 0)
        return 0xFFFD;
    *at += 6;
    return 0x10000 + ((unsigned)(code - 0xD800) << 10) + (unsigned)(low - 0xDC00);
}

static char decode_short(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

size_t scan_decode(struct str raw, char *out)
{
    const char *at = raw.ptr, *end = at + raw.len;
    char *to = out;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((escape ? escape : end) - at);
        memcpy(to, at, plain);
        to += plain;
        at += plain;
        if (!escape)
            break;
        char kind = at[1];
        at += 2;
        if (kind == 'u')
            to += scan_put_utf8(to, decode_unicode(&at, end));
        else
            *to++ = decode_short(kind);
    }
    return (size_t)(to - out);
}

struct str scan_text(struct scan *scan, struct str raw)
{
    if (!memchr(raw.ptr, '\\', raw.len))
        return raw;
    char *text = arena_alloc(scan->arena, raw.len + 1);
    return (struct str){text, scan_decode(raw, text)};
}

struct str scan_repair_utf8(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len * 3 + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len;) {
        size_t step = str_utf8_length(str_slice(text, i, text.len));
        struct str piece = step ? str_slice(text, i, i + step) : STR(REPLACEMENT);
        memcpy(copy + len, piece.ptr, piece.len);
        len += piece.len;
        i += MAX(step, (size_t)1);
    }
    return (struct str){copy, len};
}
