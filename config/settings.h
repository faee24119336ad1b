#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Service settings: a flag beats the environment (PAGETIDE_<NAME>, or PAGETIDE_<NAME>_FILE
 * naming a file), which beats pagetide.yaml, which beats the default. One list in settings.c
 * says all of that once. Strings end with NUL.
 */
struct keys;
extern const struct keys setting_keys;

struct settings {
    const char *config_dir;
    const char *database_url; /* postgresql:///  */
    const char *redis_url;    /* redis://127.0.0.1:6379 */
    const char *redis_prefix; /* pagetide */
    int64_t jobs;             /* 64 */
    int64_t lease_ms;         /* 30 s */
    int64_t beat_ms;          /* 10 s */
    int64_t memory_bytes;     /* 64 MiB */
    int64_t batch_records;    /* 10,000 */
    int64_t batch_bytes;      /* 8 MiB */
    int64_t batch_age_ms;     /* 1 s */
    int64_t connections;      /* 2 */
    const char *http;         /* NULL: the command's default; "off" */
    const char *token;        /* NULL: none */
    const char *secrets_dir;  /* NULL: none */
    int64_t retention_ms;     /* 30 days */
};

/*
 * Reads `dir`/pagetide.yaml if it is there, then the environment. `flags` holds what the
 * command line said: for each setting of that name a text, NULL-terminated pairs
 * {"database_url", "postgresql://…", NULL}. ERR_CONFIG lists every error of the file, one a
 * line, as file:line:column: path: what.
 */
bool settings_load(struct arena *arena, const char *dir, const char *const *flags,
                   struct settings *ret_settings, struct err *err) MUST_CHECK;

#endif
