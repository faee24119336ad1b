#include "cli/say.h"

#include <stdarg.h>

#include "base/printable.h"
#include "base/redact.h"

static bool notes_are_off;

static void put(FILE *out, struct str text, enum printable form)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str shown = printable_str(arena, redact_str(arena, text), form);
    fwrite(shown.ptr, 1, shown.len, out);
}

void say_text(FILE *out, struct str text)
{
    put(out, text, PRINTABLE_BLOCK);
}

void say_line(FILE *out, const char *fmt, ...)
{
    AUTO_ARENA struct arena *arena = arena_new();
    va_list args;
    va_start(args, fmt);
    say_text(out, arena_vprintf(arena, fmt, args));
    va_end(args);
    fputc('\n', out);
}

void say_set_quiet(bool is_quiet)
{
    notes_are_off = is_quiet;
}

void say_note(FILE *out, const char *fmt, ...)
{
    AUTO_ARENA struct arena *arena = arena_new();
    va_list args;
    if (notes_are_off)
        return;
    va_start(args, fmt);
    say_text(out, arena_vprintf(arena, fmt, args));
    va_end(args);
    fputc('\n', out);
}

void say_json(struct str json)
{
    put(stdout, json, PRINTABLE_JSON);
    putchar('\n');
}

void say_sequence_put(FILE *out, const char *sequence)
{
    fputs(sequence, out);
}
