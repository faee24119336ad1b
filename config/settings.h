#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/opt.h"
#include "base/str.h"

/*
 * Service settings: a flag beats the environment (PAGETIDE_<NAME>, or PAGETIDE_<NAME>_FILE
 * naming a file), which beats pagetide.yaml, which beats the default. Names, defaults, ranges
 * and texts are in one list, setting_keys: it reads all four, makes the options of the command
 * line and prints the reference. Strings end with NUL and live in the arena of the loading.
 */
struct keys;
extern const struct keys setting_keys;

struct settings {
    const char *config_dir;
    const char *database_url;
    const char *redis_url;
    const char *redis_prefix;
    int64_t jobs;
    int64_t processes; /* of `worker` and `up` */
    int64_t lease_ms;
    int64_t beat_ms;
    const char *log_level, *log_format; /* NULL: not set */
    int64_t memory_bytes;
    int64_t batch_records;
    int64_t batch_bytes;
    int64_t batch_age_ms;
    int64_t connections;
    const char *http;        /* NULL: the command's default; "off" */
    const char *token;       /* NULL: none */
    const char *secrets_dir; /* NULL: none */
    int64_t retention_ms;
};

enum { SETTINGS_MAX = 32 };

/* Is a variable of the environment that begins with PAGETIDE_ one that is read by somebody? */
bool settings_has_variable(struct arena *arena, struct str name);

/*
 * The settings as options, ending with OPT_END: the i-th fills the i-th `const char *` of an
 * array that is at `offset` in the target of opt_parse and has room for SETTINGS_MAX.
 */
const struct opt *settings_options(struct arena *arena, size_t offset);

/*
 * Reads `dir`/pagetide.yaml if it is there, then the environment, then `flags`: what the
 * command line said, as pairs of an option's name and its text, up to NULL:
 * {"database-url", "postgresql://…", NULL}. ERR_CONFIG lists every error of the file, one a
 * line, as file:line:column: path: what.
 */
bool settings_load(struct arena *arena, const char *dir, const char *const *flags,
                   struct settings *ret_settings, struct err *err) MUST_CHECK;

#endif
