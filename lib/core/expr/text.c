#include "core/expr/text.h"

#include <locale.h>
#include <string.h>
#include <wctype.h>

#include "core/expr/limits.h"
#include "core/scan.h"

size_t text_character_bytes(struct str text)
{
    size_t len = 1;
    while (len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len++;
    return len;
}

size_t text_length(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

struct str text_characters(struct str text, size_t from, size_t to)
{
    size_t character = 0, start = text.len, end = text.len;
    for (size_t i = 0; i < text.len; i++) {
        if (((unsigned char)text.ptr[i] & 0xC0) == 0x80)
            continue;
        if (character == from)
            start = i;
        if (character++ == to) {
            end = i;
            break;
        }
    }
    return str_slice(text, start, end);
}

uint32_t text_code_point(struct str character)
{
    unsigned char lead = (unsigned char)character.ptr[0];
    if (lead < 0x80)
        return lead;
    uint32_t code = lead & (character.len == 2 ? 0x1F : character.len == 3 ? 0x0F : 0x07);
    for (size_t i = 1; i < character.len; i++)
        code = code << 6 | ((unsigned char)character.ptr[i] & 0x3F);
    return code;
}

bool text_is_space(uint32_t code)
{
    return code == ' ' || (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x1F) ||
           code == 0x85 || code == 0xA0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
           code == 0x202F || code == 0x205F || code == 0x3000;
}

static bool is_trimmed(struct str character, const struct str *set)
{
    return set ? str_find(*set, character) >= 0 : text_is_space(text_code_point(character));
}

static struct str last_character(struct str text)
{
    size_t at = text.len - 1;
    while (at > 0 && ((unsigned char)text.ptr[at] & 0xC0) == 0x80)
        at--;
    return str_slice(text, at, text.len);
}

struct str text_trim(struct str text, const struct str *set)
{
    while (text.len) {
        struct str first = str_slice(text, 0, text_character_bytes(text));
        if (!is_trimmed(first, set))
            break;
        text = str_slice(text, first.len, text.len);
    }
    while (text.len) {
        struct str last = last_character(text);
        if (!is_trimmed(last, set))
            break;
        text = str_slice(text, 0, text.len - last.len);
    }
    return text;
}

/* --- letters --- */

static locale_t unicode_locale(void)
{
    static locale_t locale;
    if (!locale)
        locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    return locale;
}

typedef wint_t (*fold_fn)(wint_t code, locale_t locale);

static void put_folded(struct buf *buf, struct str text, fold_fn fold)
{
    locale_t locale = unicode_locale();
    while (text.len) {
        struct str character = str_slice(text, 0, text_character_bytes(text));
        text = str_slice(text, character.len, text.len);
        uint32_t code = text_code_point(character);
        char folded[4];
        if (locale)
            character = (struct str){
                folded, scan_put_utf8(folded, (uint32_t)fold((wint_t)code, locale))};
        buf_put(buf, character);
    }
}

void text_put_lower(struct buf *buf, struct str text)
{
    put_folded(buf, text, towlower_l);
}

/* The one letter in common use whose upper case is two. */
static const struct str sharp_s = STR_INIT("\xC3\x9F");

void text_put_upper(struct buf *buf, struct str text)
{
    for (ptrdiff_t at; (at = str_find(text, sharp_s)) >= 0;) {
        put_folded(buf, str_slice(text, 0, (size_t)at), towupper_l);
        buf_puts(buf, "SS");
        text = str_slice(text, (size_t)at + sharp_s.len, text.len);
    }
    put_folded(buf, text, towupper_l);
}

/* --- str and repr --- */

static bool is_printable(uint32_t code)
{
    if (code < 0x20 || (code >= 0x7F && code <= 0xA0) || code == 0xAD)
        return false;
    return code < 0x100 ||
           (!text_is_space(code) && iswprint_l((wint_t)code, unicode_locale()) &&
            !(code >= 0x200B && code <= 0x200F) && !(code >= 0x202A && code <= 0x202E) &&
            !(code >= 0x2060 && code <= 0x206F) && code != 0xFEFF);
}

static void put_repr_character(struct buf *buf, struct str character, char quote)
{
    uint32_t code = text_code_point(character);
    if (code == (unsigned char)quote || code == '\\')
        buf_printf(buf, "\\%c", (char)code);
    else if (code == '\n' || code == '\r' || code == '\t')
        buf_printf(buf, "\\%c", code == '\n' ? 'n' : code == '\r' ? 'r' : 't');
    else if (is_printable(code))
        buf_put(buf, character);
    else if (code < 0x100)
        buf_printf(buf, "\\x%02x", code);
    else if (code < 0x10000)
        buf_printf(buf, "\\u%04x", code);
    else
        buf_printf(buf, "\\U%08x", code);
}

static void put_repr_string(struct buf *buf, struct str text)
{
    bool is_double = str_find_byte(text, '\'') >= 0 && str_find_byte(text, '"') < 0;
    char quote = is_double ? '"' : '\'';
    buf_put_byte(buf, quote);
    while (text.len && !buf->has_overflowed) {
        struct str character = str_slice(text, 0, text_character_bytes(text));
        text = str_slice(text, character.len, text.len);
        put_repr_character(buf, character, quote);
    }
    buf_put_byte(buf, quote);
}

static void put_repr(struct buf *buf, struct value value)
{
    if (value.kind == VALUE_STRING)
        put_repr_string(buf, value.text);
    else if (value.kind == VALUE_UNDEFINED)
        buf_puts(buf, "Undefined");
    else
        text_put(buf, value);
}

static void put_repr_list(struct buf *buf, const struct value_list *list)
{
    buf_puts(buf, "[");
    for (size_t i = 0; i < list->count && !buf->has_overflowed; i++) {
        if (i)
            buf_puts(buf, ", ");
        put_repr(buf, list->items[i]);
    }
    buf_puts(buf, "]");
}

static void put_repr_map(struct buf *buf, const struct value_map *map)
{
    buf_puts(buf, "{");
    for (size_t i = 0; i < map->count && !buf->has_overflowed; i++) {
        if (i)
            buf_puts(buf, ", ");
        put_repr_string(buf, map->members[i].key);
        buf_puts(buf, ": ");
        put_repr(buf, map->members[i].value);
    }
    buf_puts(buf, "}");
}

void text_put(struct buf *buf, struct value value)
{
    switch (value.kind) {
    case VALUE_UNDEFINED:
    case VALUE_OMIT:
        return;
    case VALUE_NULL:
        buf_puts(buf, "None");
        return;
    case VALUE_BOOL:
        buf_put(buf, value.boolean ? STR("True") : STR("False"));
        return;
    case VALUE_NUMBER:
    case VALUE_STRING:
        buf_put(buf, value.text);
        return;
    case VALUE_LIST:
        put_repr_list(buf, value.list);
        return;
    case VALUE_MAP:
        put_repr_map(buf, value.map);
        return;
    }
}

bool text_read(struct eval *ev, struct value value, struct str *ret)
{
    if (value.kind == VALUE_STRING || value.kind == VALUE_NUMBER) {
        *ret = value.text;
        return true;
    }
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    text_put(&buf, value);
    struct value text;
    if (!eval_take_text(ev, &buf, &text))
        return false;
    *ret = text.text;
    return true;
}

/* --- iteration --- */

static bool characters_of(struct eval *ev, struct str text, const struct value_list **ret)
{
    struct value_list *list;
    if (!eval_list_new(ev, text_length(text), &list))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        struct str character = str_slice(text, 0, text_character_bytes(text));
        text = str_slice(text, character.len, text.len);
        list->items[i] = value_string(character);
    }
    *ret = list;
    return true;
}

bool text_elements(struct eval *ev, struct value value, const struct value_list **ret)
{
    struct value_list *list;
    switch (value.kind) {
    case VALUE_LIST:
        *ret = value.list;
        return true;
    case VALUE_STRING:
        return characters_of(ev, value.text, ret);
    case VALUE_MAP:
        if (!eval_list_new(ev, value.map->count, &list))
            return false;
        for (size_t i = 0; i < list->count; i++)
            list->items[i] = value_string(value.map->members[i].key);
        *ret = list;
        return true;
    case VALUE_UNDEFINED:
        if (!eval_list_new(ev, 0, &list))
            return false;
        *ret = list;
        return true;
    default:
        return eval_fail(ev, "needs a list, an object or a string, not %s",
                         eval_show(ev, value));
    }
}
