#ifndef CONFIG_IMPORT_IMPORT_H
#define CONFIG_IMPORT_IMPORT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * Definitions of other tools, as definitions here. Nothing is asked of any server.
 */
struct imported {
    const char *format; /* dlt, airbyte, noetl, meltano */
    struct str text;    /* YAML, with a comment for each part that has no counterpart */
    struct str source;  /* its name */
    size_t streams;
    size_t gaps;          /* comments that ask for something to be done */
    struct str variables; /* of the environment, where credentials stood: "A, B"; or empty */
    bool is_valid;        /* as it stands, `check` accepts it */
};

/*
 * `file` is for messages. `format` is the name of one, or NULL: its shape tells. ERR_CONFIG:
 * what is no YAML, what is of none of the formats, a format that is not known, a file without
 * anything to read. What is returned lives in the arena.
 */
bool import_definition(struct arena *arena, const char *file, struct str text,
                       const char *format, struct imported *ret, struct err *err) MUST_CHECK;

/* "airbyte|dlt|…", for help and completion. */
#define IMPORT_FORMATS "dlt|airbyte|noetl|meltano"

#endif
