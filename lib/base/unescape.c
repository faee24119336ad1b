#include "base/unescape.h"

#include "base/hex.h"
#include "base/mem.h"

enum { ENTITY_DIGITS_MAX = 10, BASE64_DIGITS_MIN = 16 };

struct writer {
    char *text;
    size_t *starts;
    size_t len;
};

static void put(struct writer *writer, char byte, size_t start)
{
    writer->text[writer->len] = byte;
    writer->starts[writer->len++] = start;
}

/* UTF-8, RFC 3629. No escape is shorter than what it stands for. */
static void put_code(struct writer *writer, uint32_t code, size_t start)
{
    if (code < 0x80) {
        put(writer, (char)code, start);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char heads[] = {0, 0xC0, 0xE0, 0xF0};
    put(writer, (char)(heads[more] | code >> 6 * more), start);
    while (more--)
        put(writer, (char)(0x80 | (code >> 6 * more & 0x3F)), start);
}

/* `count` hexadecimal digits at the start of the text, or -1. */
static int64_t read_hex(struct str text, size_t count)
{
    int64_t number = 0;
    if (text.len < count)
        return -1;
    for (size_t i = 0; i < count; i++) {
        int digit = hex_digit(text.ptr[i]);
        if (digit < 0)
            return -1;
        number = number << 4 | digit;
    }
    return number;
}

/* --- the kinds --- */

/* Each: how many bytes the escape at the start of the text has, 0: there is none. */

static size_t read_percent(struct str text, uint32_t *ret_code, bool *ret_is_byte)
{
    int byte = hex_percent(text);
    *ret_is_byte = true;
    *ret_code = (uint32_t)byte;
    return byte < 0 ? 0 : 3;
}

static size_t read_surrogates(struct str text, int64_t high, uint32_t *ret_code)
{
    int64_t low = str_starts(str_slice(text, 6, 8), STR("\\u"))
                      ? read_hex(str_slice(text, 8, text.len), 4)
                      : -1;
    if (high >= 0xD800 && high < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
        *ret_code = (uint32_t)(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
        return 12;
    }
    *ret_code = (uint32_t)high;
    return 6;
}

static size_t read_json(struct str text, uint32_t *ret_code, bool *ret_is_byte)
{
    static const char names[] = "\"\\/'bfnrt", meant[] = "\"\\/'\b\f\n\r\t";
    *ret_is_byte = false;
    if (text.len < 2 || text.ptr[0] != '\\')
        return 0;
    char c = text.ptr[1];
    int64_t code = c == 'u'   ? read_hex(str_slice(text, 2, text.len), 4)
                   : c == 'x' ? read_hex(str_slice(text, 2, text.len), 2)
                              : -1;
    if (code >= 0 && c == 'u')
        return read_surrogates(text, code, ret_code);
    *ret_is_byte = true;
    *ret_code = (uint32_t)code;
    if (code >= 0)
        return 4;
    const char *at = c ? strchr(names, c) : NULL;
    if (!at)
        return 0;
    *ret_code = (unsigned char)meant[at - names];
    return 2;
}

/* The number of `&#47;` or `&#x2f;`; the text begins after the `#`. */
static bool read_entity_number(struct str digits, uint32_t *ret_code)
{
    bool is_hex = digits.len && (digits.ptr[0] | 0x20) == 'x';
    uint32_t code = 0;
    digits = str_slice(digits, is_hex, digits.len);
    if (!digits.len || digits.len > ENTITY_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = hex_digit(digits.ptr[i]);
        if (digit < 0 || (!is_hex && digit > 9) || code > 0x10FFFF)
            return false;
        code = code * (is_hex ? 16 : 10) + (uint32_t)digit;
    }
    *ret_code = code;
    return code <= 0x10FFFF;
}

static size_t read_html(struct str text, uint32_t *ret_code, bool *ret_is_byte)
{
    static const struct {
        struct str name;
        char meant;
    } entities[] = {{STR_INIT("amp"), '&'},  {STR_INIT("lt"), '<'},    {STR_INIT("gt"), '>'},
                    {STR_INIT("quot"), '"'}, {STR_INIT("apos"), '\''}, {STR_INIT("sol"), '/'},
                    {STR_INIT("plus"), '+'}, {STR_INIT("equals"), '='}};
    *ret_is_byte = false;
    if (!text.len || text.ptr[0] != '&')
        return 0;
    ptrdiff_t end = str_find_byte(str_slice(text, 0, ENTITY_DIGITS_MAX + 4), ';');
    if (end < 2)
        return 0;
    struct str name = str_slice(text, 1, (size_t)end);
    for (size_t i = 0; i < COUNT_OF(entities); i++) {
        if (str_eq_nocase(name, entities[i].name)) {
            *ret_code = (unsigned char)entities[i].meant;
            return (size_t)end + 1;
        }
    }
    bool is_number =
        name.ptr[0] == '#' && read_entity_number(str_slice(name, 1, name.len), ret_code);
    return is_number ? (size_t)end + 1 : 0;
}

/* --- the text --- */

static const struct {
    char mark;
    size_t (*read)(struct str text, uint32_t *ret_code, bool *ret_is_byte);
} kinds[UNESCAPE_KINDS] = {
    [UNESCAPE_PERCENT] = {'%', read_percent},
    [UNESCAPE_JSON] = {'\\', read_json},
    [UNESCAPE_HTML] = {'&', read_html},
};

/* Each fills the writer; false where it found none of its escapes. */

static bool read_marked(const struct unescaped *from, enum unescape_kind kind,
                        struct writer *writer)
{
    struct str text = from->text;
    bool has_any = false;
    for (size_t i = 0; i < text.len;) {
        uint32_t code;
        bool is_byte;
        size_t len = text.ptr[i] == kinds[kind].mark
                         ? kinds[kind].read(str_slice(text, i, text.len), &code, &is_byte)
                         : 0;
        if (!len || is_byte)
            put(writer, len ? (char)code : text.ptr[i], unescaped_at(from, i));
        else
            put_code(writer, code, unescaped_at(from, i));
        has_any |= len > 0;
        i += MAX(len, (size_t)1);
    }
    return has_any;
}

static bool drop_zeros(const struct unescaped *from, struct writer *writer)
{
    for (size_t i = 0; i < from->text.len; i++)
        if (from->text.ptr[i])
            put(writer, from->text.ptr[i], unescaped_at(from, i));
    return writer->len < from->text.len;
}

/* The value of a digit of base64 or base64url, -1: none. */
static int base64_digit(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+' || c == '-' ? 62
           : c == '/' || c == '_' ? 63
                                  : -1;
}

/* What `len` digits say, each byte beginning where the digit of its first bits is. */
static void put_base64(const struct unescaped *from, size_t at, size_t len,
                       struct writer *writer)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 6 | (uint32_t)base64_digit(from->text.ptr[at + i]);
        if (i % 4)
            put(writer, (char)(bits >> (6 - 2 * (i % 4)) & 0xFF),
                unescaped_at(from, at + i - 1));
    }
}

/* Other words of letters and digits give bytes that are none of a text. */
static bool is_readable(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' && !strchr("\t\r\n", text.ptr[i]))
            return false;
    return true;
}

static bool read_base64(const struct unescaped *from, struct writer *writer)
{
    struct str text = from->text;
    bool has_any = false;
    for (size_t i = 0, end; i < text.len; i = end) {
        for (end = i; end < text.len && base64_digit(text.ptr[end]) >= 0;)
            end++;
        size_t begin = writer->len;
        if (end - i >= BASE64_DIGITS_MIN)
            put_base64(from, i, end - i, writer);
        bool is_text = writer->len > begin &&
                       is_readable((struct str){writer->text + begin, writer->len - begin});
        has_any |= is_text;
        if (!is_text)
            writer->len = begin;
        end += end == i;
        for (; !is_text && i < end; i++)
            put(writer, text.ptr[i], unescaped_at(from, i));
    }
    return has_any;
}

bool unescape(const struct unescaped *from, enum unescape_kind kind, struct unescaped *ret)
{
    struct str text = from->text;
    if (kinds[kind].read && str_find_byte(text, kinds[kind].mark) < 0)
        return false;
    struct writer writer = {mem_alloc(text.len + 1), mem_alloc((text.len + 1) * sizeof(size_t)),
                            0};
    bool has_any = kind == UNESCAPE_BASE64  ? read_base64(from, &writer)
                   : kind == UNESCAPE_UTF16 ? drop_zeros(from, &writer)
                                            : read_marked(from, kind, &writer);
    writer.starts[writer.len] = unescaped_at(from, text.len);
    *ret = (struct unescaped){{writer.text, writer.len}, writer.starts};
    if (!has_any)
        unescaped_done(ret);
    return has_any;
}

void unescaped_done(struct unescaped *text)
{
    mem_free((void *)(uintptr_t)text->text.ptr);
    mem_free(text->starts);
}

size_t unescaped_at(const struct unescaped *text, size_t at)
{
    return text->starts ? text->starts[at] : at;
}
