#include "base/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

enum { NO_CHARACTER = 0xFF };

/* CHARSET_OTHERS is the first; glibc and musl know them by these names. */
static const char others[] =
    "windows-1250\0windows-1251\0windows-1253\0windows-1254\0windows-1255\0windows-1256\0"
    "windows-1257\0windows-1258\0iso-8859-2\0iso-8859-5\0iso-8859-7\0iso-8859-8\0"
    "iso-8859-9\0iso-8859-15\0koi8-r\0koi8-u\0shift_jis\0windows-31j\0euc-jp\0euc-kr\0"
    "gb2312\0gbk\0gb18030\0big5\0";

/* As browsers do: of Shift_JIS, that of Windows, whose backslash is one. */
static iconv_t open_other(const char *name)
{
    return iconv_open("UTF-8", strcmp(name, "shift_jis") == 0 ? "CP932" : name);
}

static enum charset find_other(struct str name)
{
    int at = CHARSET_OTHERS;
    for (const char *other = others; *other; other += strlen(other) + 1, at++) {
        if (!str_eq_nocase(name, str_from(other)))
            continue;
        iconv_t reader = open_other(other);
        if (reader == (iconv_t)-1)
            return CHARSET_NONE;
        iconv_close(reader);
        return (enum charset)at;
    }
    return CHARSET_NONE;
}

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
    return find_other(name);
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

/*
 * A byte that begins no character is passed over alone. In windows-1255 and windows-1258 an
 * accent stands behind its letter: that is held back until the next byte, or the end.
 */
static void put_other(struct buf *buf, struct str text, int number)
{
    const char *name = others;
    for (; number > CHARSET_OTHERS; number--)
        name += strlen(name) + 1;
    iconv_t reader = open_other(name);
    char *in = (char *)(uintptr_t)text.ptr;
    size_t left = text.len;
    if (reader == (iconv_t)-1) {
        buf_put(buf, text);
        return;
    }
    for (bool is_over = false; !is_over;) {
        char chunk[4096], *out = chunk;
        size_t room = sizeof chunk;
        is_over = !left;
        bool is_bad = iconv(reader, left ? &in : NULL, &left, &out, &room) == (size_t)-1 &&
                      errno != E2BIG;
        buf_put(buf, (struct str){chunk, (size_t)(out - chunk)});
        if (!is_bad || is_over)
            continue;
        buf_put_byte(buf, (char)NO_CHARACTER);
        in++;
        left--;
    }
    iconv_close(reader);
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
    case CHARSET_OTHERS:
    default:
        put_other(buf, text, (int)charset);
    }
}
