#ifndef CONFIG_NAMES_H
#define CONFIG_NAMES_H

#include "config/key.h"
#include "config/stream.h"
#include "core/expr.h"

/*
 * What the expressions and paths of one definition read. Collected while the keys are read
 * (names_start sets the reader's callbacks), checked when everything is known.
 */
struct name_use {
    const struct key *key;
    const struct yaml_node *node;
    struct expr_use use; /* steps copied */
};

struct names {
    struct arena *arena;
    struct name_use *uses;
    size_t use_count, use_capacity;
    struct path *paths; /* of locators: into the body */
    size_t path_count, path_capacity;
};

/* Until names_check the reader holds a pointer to `names`. */
void names_start(struct names *names, struct reader *reader);

/*
 * Problems: unknown names, secrets where none are allowed, records that would have to be kept.
 * Fills the stream's needs_response_records, uses_last_record, uses_window and
 * merge.reads_response.
 */
void names_check(const struct names *names, struct reader *reader, struct stream *stream);

/* A name that every expression may use, for the reference; `members` ends with NULL. */
struct builtin_name {
    const char *name;           /* NULL behind the last */
    const char *const *members; /* NULL: what there is depends on the data */
    const char *help, *example; /* an expression */
};
struct builtin_name names_builtin(size_t index);
bool names_is_builtin(struct str name);

#endif
