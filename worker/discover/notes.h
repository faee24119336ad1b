#ifndef WORKER_DISCOVER_NOTES_H
#define WORKER_DISCOVER_NOTES_H

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * What is said of a definition that was found out: what was tried, what is sure, and what is
 * not. Each is one line, in the order in which it was found; the key it is about says beside
 * which line of the definition it is shown.
 */
enum note_kind { NOTE_TRIED, NOTE_SURE, NOTE_UNSURE };

struct note {
    enum note_kind kind;
    const char *about; /* a key of the definition: "pagination" */
    struct str text;   /* one line, redacted */
};

enum { NOTES_MAX = 100 };

struct notes {
    struct arena *arena;
    struct note items[NOTES_MAX];
    size_t count;
};

/* What comes beyond NOTES_MAX is left out. */
void notes_add(struct notes *notes, enum note_kind kind, const char *about, const char *fmt,
               ...) PRINTF_LIKE(4, 5);

#endif
