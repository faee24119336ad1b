#include "base/charset.h"

enum { NO_CHARACTER = 0xFF };

enum charset charset_parse(struct str name)
{
    static const struct {
        const char *name;
        enum charset charset;
    } names[] = {
        {"utf-8", CHARSET_UTF_8},         {"utf8", CHARSET_UTF_8},
        {"us-ascii", CHARSET_UTF_8},      {"ascii", CHARSET_UTF_8},
        {"iso-8859-1", CHARSET_LATIN_1},  {"iso8859-1", CHARSET_LATIN_1},
        {"iso_8859-1", CHARSET_LATIN_1},  {"latin1", CHARSET_LATIN_1},
        {"latin-1", CHARSET_LATIN_1},     {"windows-1252", CHARSET_WINDOWS_1252},
        {"cp1252", CHARSET_WINDOWS_1252}, {"utf-16", CHARSET_UTF_16LE},
        {"utf-16le", CHARSET_UTF_16LE},   {"utf-16be", CHARSET_UTF_16BE},
        {"utf16", CHARSET_UTF_16LE},
    };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_eq_nocase(name, str_from(names[i].name)))
            return names[i].charset;
    return CHARSET_NONE;
}

enum charset charset_of_mark(struct str text, size_t *ret_bytes)
{
    static const struct {
        struct str mark;
        enum charset charset;
    } marks[] = {
        {STR_INIT("\xEF\xBB\xBF"), CHARSET_UTF_8},
        {STR_INIT("\xFF\xFE"), CHARSET_UTF_16LE},
        {STR_INIT("\xFE\xFF"), CHARSET_UTF_16BE},
    };
    for (size_t i = 0; i < COUNT_OF(marks); i++)
        if (str_starts(text, marks[i].mark)) {
            *ret_bytes = marks[i].mark.len;
            return marks[i].charset;
        }
    return CHARSET_NONE;
}

static void put_code(struct buf *buf, uint32_t code)
{
    char *out = buf_room(buf, 4);
    size_t len = 0;
    if (!out)
        return;
    if (code < 0x80) {
        out[len++] = (char)code;
    } else if (code < 0x800) {
        out[len++] = (char)(0xC0 | code >> 6);
        out[len++] = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        out[len++] = (char)(0xE0 | code >> 12);
        out[len++] = (char)(0x80 | (code >> 6 & 0x3F));
        out[len++] = (char)(0x80 | (code & 0x3F));
    } else {
        out[len++] = (char)(0xF0 | code >> 18);
        out[len++] = (char)(0x80 | (code >> 12 & 0x3F));
        out[len++] = (char)(0x80 | (code >> 6 & 0x3F));
        out[len++] = (char)(0x80 | (code & 0x3F));
    }
    buf->len += len;
}

/* https://encoding.spec.whatwg.org/#index-windows-1252, from 0x80 on; 0: no character. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

static void put_bytes(struct buf *buf, struct str text, bool is_windows)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        uint32_t code = is_windows && c >= 0x80 && c < 0xA0 ? windows_1252[c - 0x80] : c;
        if (c && !code)
            buf_put_byte(buf, (char)NO_CHARACTER);
        else
            put_code(buf, code);
    }
}

static uint32_t unit_at(struct str text, size_t at, bool is_big)
{
    unsigned char first = (unsigned char)text.ptr[at], second = (unsigned char)text.ptr[at + 1];
    return is_big ? (uint32_t)first << 8 | second : (uint32_t)second << 8 | first;
}

/* RFC 2781, section 2.2. */
static void put_units(struct buf *buf, struct str text, bool is_big)
{
    size_t at = 0;
    while (at + 1 < text.len) {
        uint32_t unit = unit_at(text, at, is_big), low = 0;
        bool is_high = unit >= 0xD800 && unit < 0xDC00;
        at += 2;
        if (is_high && at + 1 < text.len)
            low = unit_at(text, at, is_big);
        if (low >= 0xDC00 && low < 0xE000) {
            put_code(buf, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
            at += 2;
        } else if (unit >= 0xD800 && unit < 0xE000) {
            buf_put_byte(buf, (char)NO_CHARACTER);
        } else {
            put_code(buf, unit);
        }
    }
    if (at < text.len)
        buf_put_byte(buf, (char)NO_CHARACTER);
}

void charset_put_utf8(struct buf *buf, struct str text, enum charset charset)
{
    switch (charset) {
    case CHARSET_NONE:
    case CHARSET_UTF_8:
        buf_put(buf, text);
        return;
    case CHARSET_LATIN_1:
    case CHARSET_WINDOWS_1252:
        put_bytes(buf, text, charset == CHARSET_WINDOWS_1252);
        return;
    case CHARSET_UTF_16LE:
    case CHARSET_UTF_16BE:
        put_units(buf, text, charset == CHARSET_UTF_16BE);
        return;
    }
}
