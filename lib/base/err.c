#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cuts a text that filled its buffer back to a whole UTF-8 character. */
static void cut_at_character(char *text, size_t size, int wanted)
{
    if (wanted < 0 || (size_t)wanted < size)
        return;
    size_t end = size - 1;
    while (end > 0 && ((unsigned char)text[end - 1] & 0xC0) == 0x80)
        end--;
    if (end > 0 && (unsigned char)text[end - 1] >= 0xC0)
        end--;
    text[end] = '\0';
}

bool(err_set)(struct err *err, enum err_kind kind, const char *origin, int code,
              const char *fmt, ...)
{
    char text[ERR_TEXT_BYTES]; /* the arguments may point into err->text */
    va_list args;
    va_start(args, fmt);
    int wanted = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    cut_at_character(text, sizeof text, wanted);

    err->kind = kind;
    err->origin = origin;
    err->code = code;
    err->sqlstate[0] = '\0';
    err->is_lack = false;
    memcpy(err->text, text, sizeof text);
    return false;
}

bool(err_wrap)(struct err *err, const char *fmt, ...)
{
    char noun[ERR_TEXT_BYTES / 2];
    char whole[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(noun, sizeof noun, fmt, args);
    va_end(args);
    int wanted = snprintf(whole, sizeof whole, "%s: %s", noun, err->text);
    cut_at_character(whole, sizeof whole, wanted);
    memcpy(err->text, whole, sizeof whole);
    return false;
}
