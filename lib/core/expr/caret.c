#include "core/expr/caret.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_BYTES = 100 }; /* of a line of source */

/* The part of the line around byte `at` that a message shows; *ret_at is at's place in it. */
static struct str line_around(struct str source, size_t at, size_t *ret_at)
{
    size_t from = MIN(at, source.len), to = from;
    while (from > 0 && source.ptr[from - 1] != '\n' && at - from < SHOWN_BYTES / 2)
        from--;
    while (to < source.len && source.ptr[to] != '\n' && to - from < SHOWN_BYTES)
        to++;
    while (from < at && ((unsigned char)source.ptr[from] & 0xC0) == 0x80)
        from++;
    while (to > from && to < source.len && ((unsigned char)source.ptr[to] & 0xC0) == 0x80)
        to--;
    *ret_at = MIN(at, source.len) - from;
    return str_slice(source, from, to);
}

bool(caret_fail)(struct err *err, enum err_kind kind, struct str source, size_t at,
                 const char *fmt, ...)
{
    char what[ERR_TEXT_BYTES / 2], caret[SHOWN_BYTES + 8];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);

    size_t place, width = 0;
    struct str line = line_around(source, at, &place);
    for (size_t i = 0; i < place; i++)
        if (((unsigned char)line.ptr[i] & 0xC0) != 0x80)
            caret[width++] = line.ptr[i] == '\t' ? '\t' : ' ';
    caret[width++] = '^';
    caret[width] = '\0';
    return err_set(err, kind, "expr", 0, "%s\n    %.*s\n    %s", what, STR_ARG(line), caret);
}
