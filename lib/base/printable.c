#include "base/printable.h"

/* Controls of terminals, of lines, and of the direction of writing (Unicode Bidi_Control). */
static bool is_control(uint32_t code)
{
    return code < ' ' || (code >= 0x7F && code < 0xA0) || code == 0x061C ||
           (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

/* Outside of strings JSON knows three controls, as white space; inside there is none. */
static void put_control(struct buf *buf, uint32_t code, enum printable form)
{
    bool is_space = code == '\n' || code == '\t' || code == '\r';
    if (form == PRINTABLE_BLOCK && is_space && code != '\r')
        buf_put_byte(buf, (char)code);
    else if (form == PRINTABLE_JSON && is_space)
        buf_put_byte(buf, ' ');
    else if (code == '\n')
        buf_puts(buf, "\\n");
    else
        buf_printf(buf, "\\u%04x", (unsigned)code);
}

static void put_broken(struct buf *buf, unsigned char byte, enum printable form)
{
    if (form == PRINTABLE_STRING || form == PRINTABLE_JSON)
        buf_puts(buf, "\xEF\xBF\xBD");
    else
        buf_printf(buf, "\\x%02x", byte);
}

void printable_put(struct buf *buf, struct str text, enum printable form)
{
    size_t done = 0, len;
    for (size_t i = 0; i < text.len; i += MAX(len, (size_t)1)) {
        struct str rest = str_slice(text, i, text.len);
        len = str_utf8_length(rest);
        uint32_t code = len ? str_utf8_code(str_slice(rest, 0, len)) : 0;
        bool is_quoted = form == PRINTABLE_STRING && (code == '"' || code == '\\');
        if (len && !is_control(code) && !is_quoted)
            continue;
        buf_put(buf, str_slice(text, done, i));
        if (!len)
            put_broken(buf, (unsigned char)rest.ptr[0], form);
        else if (is_quoted)
            buf_printf(buf, "\\%c", (char)code);
        else
            put_control(buf, code, form);
        done = i + MAX(len, (size_t)1);
    }
    buf_put(buf, str_slice(text, done, text.len));
}

struct str printable_str(struct arena *arena, struct str text, enum printable form)
{
    AUTO_BUF(buf, SIZE_MAX / 4);
    printable_put(&buf, text, form);
    return str_eq(buf_str(&buf), text) ? text : arena_str(arena, buf_str(&buf));
}

void printable_cstr(char *text, size_t size)
{
    AUTO_BUF(buf, SIZE_MAX / 4);
    if (!size)
        return;
    printable_put(&buf, str_from(text), PRINTABLE_BLOCK);
    size_t len = MIN(buf.len, size - 1);
    while (len && len < buf.len && ((unsigned char)buf.ptr[len] & 0xC0) == 0x80)
        len--;
    memcpy(text, buf.len ? buf.ptr : "", len);
    text[len] = '\0';
}
