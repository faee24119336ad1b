#include "core/expr/format.h"

#include <string.h>

#include "core/decimal.h"
#include "core/expr/limits.h"
#include "core/expr/number.h"
#include "core/expr/text.h"

/* Python's printf-style formatting: library reference, "printf-style String Formatting". */

enum { WIDTH_MAX = 10000, PRECISION_MAX = 500 };

struct format {
    struct eval *ev;
    struct str rest; /* of the format string */
    struct value args;
    bool is_tuple, used_name, used_value;
    size_t next; /* element of a tuple */
    struct buf buf;
};

struct spec {
    bool minus, plus, space, zero;
    int width, precision; /* precision -1: not given */
    char type;
};

static char take_byte(struct format *f)
{
    if (!f->rest.len)
        return '\0';
    char c = f->rest.ptr[0];
    f->rest = str_slice(f->rest, 1, f->rest.len);
    return c;
}

static char peek(const struct format *f)
{
    return f->rest.len ? f->rest.ptr[0] : '\0';
}

static bool next_value(struct format *f, struct value *ret)
{
    if (f->used_name) {
        *ret = f->args;
        return true;
    }
    size_t count = f->is_tuple ? f->args.list->count : 1;
    if (f->next >= count)
        return eval_fail(f->ev, "the format wants more values than there are");
    *ret = f->is_tuple ? f->args.list->items[f->next] : f->args;
    f->next++;
    return true;
}

/* %(name)s: the member of an object. */
static bool take_name(struct format *f, struct value *ret)
{
    ptrdiff_t end = str_find_byte(f->rest, ')');
    if (end < 0 || f->args.kind != VALUE_MAP)
        return eval_fail(f->ev, "%%(name) needs an object");
    struct str name = str_slice(f->rest, 1, (size_t)end);
    f->rest = str_slice(f->rest, (size_t)end + 1, f->rest.len);
    f->used_name = true;
    *ret = value_get(f->args, name);
    if (ret->kind == VALUE_UNDEFINED)
        return eval_fail(f->ev, "the format's '%.*s' is not there", STR_ARG(name));
    return true;
}

static bool take_flag(struct spec *spec, char c)
{
    spec->minus |= c == '-';
    spec->plus |= c == '+';
    spec->space |= c == ' ';
    spec->zero |= c == '0';
    return c && strchr("-+ 0", c);
}

/* Digits, or an integer from the values for `*`. */
static bool take_size(struct format *f, int max, int *ret)
{
    int64_t size = 0;
    struct value value;
    if (peek(f) == '*') {
        take_byte(f);
        if (!next_value(f, &value))
            return false;
        if (value.kind != VALUE_NUMBER || !str_to_int64(value.text, &size) || size < 0)
            return eval_fail(f->ev, "* needs an integer, not %s", eval_show(f->ev, value));
    }
    for (; peek(f) >= '0' && peek(f) <= '9' && size <= max; take_byte(f))
        size = size * 10 + (peek(f) - '0');
    if (size > max)
        return eval_fail(f->ev, "a width or precision of more than %d", max);
    *ret = (int)size;
    return true;
}

static bool take_spec(struct format *f, struct spec *ret)
{
    struct spec spec = {.precision = -1};
    while (take_flag(&spec, peek(f)))
        take_byte(f);
    if (!take_size(f, WIDTH_MAX, &spec.width))
        return false;
    if (peek(f) == '.') {
        take_byte(f);
        if (!take_size(f, PRECISION_MAX, &spec.precision))
            return false;
    }
    while (peek(f) && strchr("hlL", peek(f)))
        take_byte(f);
    spec.type = take_byte(f);
    *ret = spec;
    return true;
}

static void put_padded(struct format *f, const struct spec *spec, struct str text)
{
    size_t len = text_length(text), width = (size_t)spec->width;
    size_t padding = width > len ? width - len : 0;
    if (spec->minus)
        buf_put(&f->buf, text);
    while (padding--)
        buf_puts(&f->buf, " ");
    if (!spec->minus)
        buf_put(&f->buf, text);
}

static bool put_text(struct format *f, const struct spec *spec, struct value value)
{
    struct str text;
    if (spec->type != 's') {
        struct value_list *list;
        if (!eval_list_new(f->ev, 1, &list))
            return false;
        list->items[0] = value;
        if (!text_read(f->ev, value_from_list(list), &text))
            return false;
        text = str_slice(text, 1, text.len - 1);
    } else if (!text_read(f->ev, value, &text)) {
        return false;
    }
    if (spec->precision >= 0)
        text = text_characters(text, 0, (size_t)spec->precision);
    put_padded(f, spec, text);
    return true;
}

/* The flags and sizes as printf wants them. */
static struct str c_format(struct format *f, const struct spec *spec, const char *type)
{
    struct str precision = STR_NONE;
    if (spec->precision >= 0)
        precision = arena_printf(f->ev->arena, ".%d", spec->precision);
    struct str width = STR_NONE;
    if (spec->width)
        width = arena_printf(f->ev->arena, "%d", spec->width);
    return arena_printf(f->ev->arena, "%%%s%s%s%s%.*s%.*s%s", spec->minus ? "-" : "",
                        spec->plus ? "+" : "", spec->space ? " " : "", spec->zero ? "0" : "",
                        STR_ARG(width), STR_ARG(precision), type);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void put_int64(struct format *f, const struct spec *spec, const char *type,
                      int64_t number)
{
    buf_put(&f->buf, arena_printf(f->ev->arena, c_format(f, spec, type).ptr, number));
}

static void put_double(struct format *f, const struct spec *spec, double number)
{
    char type[] = {spec->type, '\0'};
    buf_put(&f->buf, arena_printf(f->ev->arena, c_format(f, spec, type).ptr, number));
}
#pragma GCC diagnostic pop

/* %d takes reals and cuts them; %x and %o do not. Negative hex is written with its sign. */
static bool put_integer(struct format *f, const struct spec *spec, struct value value)
{
    struct number number;
    struct str whole;
    bool decimal = strchr("diu", spec->type) != NULL;
    if (value.kind == VALUE_NUMBER && decimal) {
        if (!decimal_truncate(f->ev->arena, value.text, NUMBER_DIGITS_MAX, &whole))
            return eval_fail(f->ev, "%s is too large", eval_show(f->ev, value));
        value = value_number(whole);
    }
    if (!number_read(f->ev, value, &number))
        return false;
    if (number.is_real)
        return eval_fail(f->ev, "%%%c needs an integer, not %s", spec->type,
                         eval_show(f->ev, value));
    if (!decimal && number.integer < 0)
        return eval_fail(f->ev, "%%%c of a negative number", spec->type);
    put_int64(f, spec,
              decimal             ? "ld"
              : spec->type == 'x' ? "lx"
              : spec->type == 'X' ? "lX"
                                  : "lo",
              number.integer);
    return true;
}

static bool put_real(struct format *f, const struct spec *spec, struct value value)
{
    struct number number;
    if (!number_read(f->ev, value, &number))
        return false;
    put_double(f, spec, number.real);
    return true;
}

static bool put_conversion(struct format *f)
{
    struct spec spec;
    struct value value = UNDEFINED_VALUE;
    bool named = peek(f) == '(';
    if ((named && !take_name(f, &value)) || !take_spec(f, &spec))
        return false;
    if (spec.type == '%') {
        buf_puts(&f->buf, "%");
        return true;
    }
    if (!named && !next_value(f, &value))
        return false;
    if (spec.type && strchr("sra", spec.type))
        return put_text(f, &spec, value);
    if (spec.type && strchr("diuxXo", spec.type))
        return put_integer(f, &spec, value);
    if (spec.type && strchr("eEfFgG", spec.type))
        return put_real(f, &spec, value);
    return eval_fail(f->ev, "this format has a %% without a known letter");
}

static bool put_all(struct format *f)
{
    for (ptrdiff_t at; (at = str_find_byte(f->rest, '%')) >= 0 && !f->buf.has_overflowed;) {
        buf_put(&f->buf, str_slice(f->rest, 0, (size_t)at));
        f->rest = str_slice(f->rest, (size_t)at + 1, f->rest.len);
        if (!put_conversion(f))
            return false;
    }
    buf_put(&f->buf, f->rest);
    bool needs_all = f->is_tuple || f->args.kind == VALUE_NULL ||
                     f->args.kind == VALUE_STRING || number_is_numeric(f->args);
    size_t count = f->is_tuple ? f->args.list->count : 1;
    if (needs_all && f->next < count)
        return eval_fail(f->ev, "the format does not use all values");
    return true;
}

bool format_percent(struct eval *ev, struct str format, struct value args, bool is_tuple,
                    struct value *ret)
{
    struct format f = {.ev = ev, .rest = format, .args = args, .is_tuple = is_tuple};
    buf_init(&f.buf, EXPR_TEXT_MAX);
    bool ok = put_all(&f) && eval_take_text(ev, &f.buf, ret);
    buf_done(&f.buf);
    return ok;
}
