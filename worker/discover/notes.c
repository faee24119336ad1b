#include "worker/discover/notes.h"

#include <stdarg.h>

#include "base/redact.h"

enum { NOTE_BYTES_MAX = 600 };

void notes_add(struct notes *notes, enum note_kind kind, const char *about, const char *fmt,
               ...)
{
    if (notes->count == NOTES_MAX)
        return;
    va_list args;
    va_start(args, fmt);
    struct str text = arena_vprintf(notes->arena, fmt, args);
    va_end(args);
    notes->items[notes->count++] = (struct note){
        kind, about, arena_str(notes->arena, redact_cut(notes->arena, text, NOTE_BYTES_MAX))};
}
