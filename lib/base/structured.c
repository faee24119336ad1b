#include "base/structured.h"

#include "base/ascii.h"

/* Each take_… moves `rest` behind what it has read. False: the grammar is broken there. */
enum { INTEGER_DIGITS = 15, WHOLE_DIGITS = 12, FRACTION_DIGITS = 3 };

static bool is_lower(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool is_one_of(char byte, const char *bytes)
{
    return byte && strchr(bytes, byte);
}

static bool begins(struct str text, char byte)
{
    return text.len && text.ptr[0] == byte;
}

static struct str cut(struct str *rest, size_t len)
{
    struct str head = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return head;
}

static void skip(struct str *rest, const char *bytes)
{
    while (rest->len && is_one_of(rest->ptr[0], bytes))
        cut(rest, 1);
}

static bool take_key(struct str *rest, struct str *ret_key)
{
    size_t len = 0;
    if (!rest->len || !(is_lower(rest->ptr[0]) || rest->ptr[0] == '*'))
        return false;
    while (len < rest->len && (is_lower(rest->ptr[len]) || ascii_is_digit(rest->ptr[len]) ||
                               is_one_of(rest->ptr[len], "_-.*")))
        len++;
    *ret_key = cut(rest, len);
    return true;
}

static bool take_number(struct str *rest, struct structured_item *item)
{
    struct str all = *rest;
    size_t sign = begins(all, '-');
    size_t whole = str_count_digits(str_slice(all, sign, all.len)), len = sign + whole;
    if (!whole || whole > INTEGER_DIGITS ||
        !str_to_int64(str_slice(all, 0, len), &item->number))
        return false;
    item->kind = STRUCTURED_INTEGER;
    if (len < all.len && all.ptr[len] == '.') {
        size_t fraction = str_count_digits(str_slice(all, len + 1, all.len));
        if (whole > WHOLE_DIGITS || !fraction || fraction > FRACTION_DIGITS)
            return false;
        item->kind = STRUCTURED_DECIMAL;
        len += 1 + fraction;
    }
    item->text = cut(rest, len);
    return true;
}

/* How many bytes a string's character has from here on; 0: it is none. */
static size_t char_len(struct str text, size_t at, bool is_display)
{
    char byte = text.ptr[at];
    if (byte < 0x20 || byte > 0x7e)
        return 0;
    if (is_display && byte == '%') {
        bool is_hex = at + 2 < text.len && is_one_of(text.ptr[at + 1], "0123456789abcdef") &&
                      is_one_of(text.ptr[at + 2], "0123456789abcdef");
        return is_hex ? 3 : 0;
    }
    if (is_display || byte != '\\')
        return 1;
    return at + 1 < text.len && is_one_of(text.ptr[at + 1], "\"\\") ? 2 : 0;
}

/* From behind the opening quote. */
static bool take_quoted(struct str *rest, struct structured_item *item)
{
    size_t at = 0;
    while (at < rest->len && rest->ptr[at] != '"') {
        size_t len = char_len(*rest, at, item->kind == STRUCTURED_DISPLAY);
        if (!len)
            return false;
        at += len;
    }
    if (at >= rest->len)
        return false;
    item->text = cut(rest, at);
    cut(rest, 1);
    return true;
}

static bool take_bytes(struct str *rest, struct structured_item *item)
{
    ptrdiff_t end = str_find_byte(*rest, ':');
    for (ptrdiff_t i = 0; i < end; i++)
        if (!ascii_is_letter(rest->ptr[i]) && !ascii_is_digit(rest->ptr[i]) &&
            !is_one_of(rest->ptr[i], "+/="))
            return false;
    if (end < 0)
        return false;
    item->text = cut(rest, (size_t)end);
    cut(rest, 1);
    return true;
}

static bool take_boolean(struct str *rest, struct structured_item *item)
{
    if (!begins(*rest, '0') && !begins(*rest, '1'))
        return false;
    item->text = cut(rest, 1);
    item->number = item->text.ptr[0] == '1';
    return true;
}

static bool take_date(struct str *rest, struct structured_item *item)
{
    bool is_number = take_number(rest, item) && item->kind == STRUCTURED_INTEGER;
    item->kind = STRUCTURED_DATE;
    return is_number;
}

static bool take_token(struct str *rest, struct structured_item *item)
{
    size_t len = 0;
    item->kind = STRUCTURED_TOKEN;
    while (len < rest->len &&
           (ascii_is_letter(rest->ptr[len]) || ascii_is_digit(rest->ptr[len]) ||
            is_one_of(rest->ptr[len], "!#$%&'*+-.^_`|~:/")))
        len++;
    item->text = cut(rest, len);
    return true;
}

static bool take_bare(struct str *rest, struct structured_item *item)
{
    static const struct {
        struct str begin;
        enum structured_kind kind;
        bool (*take)(struct str *rest, struct structured_item *item);
    } kinds[] = {{STR_INIT("\""), STRUCTURED_STRING, take_quoted},
                 {STR_INIT("%\""), STRUCTURED_DISPLAY, take_quoted},
                 {STR_INIT(":"), STRUCTURED_BYTES, take_bytes},
                 {STR_INIT("?"), STRUCTURED_BOOLEAN, take_boolean},
                 {STR_INIT("@"), STRUCTURED_DATE, take_date}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (!str_starts(*rest, kinds[i].begin))
            continue;
        cut(rest, kinds[i].begin.len);
        item->kind = kinds[i].kind;
        return kinds[i].take(rest, item);
    }
    if (rest->len && (ascii_is_letter(rest->ptr[0]) || rest->ptr[0] == '*'))
        return take_token(rest, item);
    return take_number(rest, item);
}

/* One parameter, from its semicolon. Without a value it is true. */
static bool take_param(struct str *rest, struct structured_item *ret_param)
{
    struct structured_item param = {.kind = STRUCTURED_BOOLEAN, .number = 1};
    cut(rest, 1);
    skip(rest, " ");
    if (!take_key(rest, &param.key))
        return false;
    if (begins(*rest, '=')) {
        cut(rest, 1);
        if (!take_bare(rest, &param))
            return false;
    }
    *ret_param = param;
    return true;
}

static bool take_params(struct str *rest, struct str *ret_params)
{
    struct str all = *rest;
    struct structured_item param;
    while (begins(*rest, ';'))
        if (!take_param(rest, &param))
            return false;
    *ret_params = str_slice(all, 0, all.len - rest->len);
    return true;
}

/* From behind the opening parenthesis. */
static bool take_inner(struct str *rest, struct structured_item *item)
{
    struct str all = *rest, params;
    struct structured_item inside;
    skip(rest, " ");
    while (rest->len && !begins(*rest, ')')) {
        if (!take_bare(rest, &inside) || !take_params(rest, &params) ||
            !(begins(*rest, ' ') || begins(*rest, ')')))
            return false;
        skip(rest, " ");
    }
    if (!rest->len)
        return false;
    item->kind = STRUCTURED_INNER;
    item->text = str_slice(all, 0, all.len - rest->len);
    cut(rest, 1);
    return true;
}

static bool take_value(struct str *rest, struct structured_item *item)
{
    if (!begins(*rest, '('))
        return take_bare(rest, item) && take_params(rest, &item->params);
    cut(rest, 1);
    return take_inner(rest, item) && take_params(rest, &item->params);
}

/* A dictionary's member without a value is true. */
static bool take_member(struct structured *at, struct structured_item *item)
{
    if (!at->is_dictionary)
        return take_value(&at->rest, item);
    if (!take_key(&at->rest, &item->key))
        return false;
    if (begins(at->rest, '=')) {
        cut(&at->rest, 1);
        return take_value(&at->rest, item);
    }
    *item = (struct structured_item){.key = item->key, .kind = STRUCTURED_BOOLEAN, .number = 1};
    return take_params(&at->rest, &item->params);
}

/* To the next member; a comma must have one behind it. */
static bool skip_comma(struct structured *at)
{
    skip(&at->rest, " \t");
    if (!begins(at->rest, ','))
        return false;
    cut(&at->rest, 1);
    skip(&at->rest, " \t");
    return true;
}

bool structured_next(struct structured *at, struct structured_item *ret_item)
{
    struct structured_item item = {.kind = STRUCTURED_INTEGER};
    if (at->is_broken || !at->rest.len)
        return false;
    at->is_broken = (at->has_begun && !skip_comma(at)) || !take_member(at, &item);
    at->has_begun = true;
    if (at->is_broken)
        return false;
    *ret_item = item;
    return true;
}

bool structured_param(const struct structured_item *item, const char *name,
                      struct structured_item *ret_param)
{
    struct str rest = item->params;
    struct structured_item param;
    bool is_there = false;
    while (rest.len && take_param(&rest, &param)) {
        if (!str_is(param.key, name))
            continue;
        *ret_param = param;
        is_there = true;
    }
    return is_there;
}

static struct structured begin(struct str text, bool is_dictionary)
{
    while (begins(text, ' '))
        text = str_slice(text, 1, text.len);
    while (text.len && text.ptr[text.len - 1] == ' ')
        text.len--;
    return (struct structured){.rest = text, .is_dictionary = is_dictionary};
}

struct structured structured_list(struct str text)
{
    return begin(text, false);
}

struct structured structured_dictionary(struct str text)
{
    return begin(text, true);
}

static bool is_whole(struct structured at)
{
    struct structured_item item;
    while (structured_next(&at, &item))
        ;
    return !at.is_broken;
}

bool structured_is_list(struct str text)
{
    return is_whole(structured_list(text));
}

bool structured_is_dictionary(struct str text)
{
    return is_whole(structured_dictionary(text));
}
