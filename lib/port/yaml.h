#ifndef PORT_YAML_H
#define PORT_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * YAML 1.2 (and so JSON) as a small tree whose nodes know their place in the text. A subset on
 * purpose: one document, no anchors, aliases, merge keys or tags, no key twice in a map, keys
 * are scalars.
 *
 * A plain scalar is null (`null`, `~`, nothing), a boolean (`true`, `false` and their capitals)
 * or a number if it is one in JSON's grammar; `00012`, `0x1f` and `yes` are strings, so that
 * nothing is lost. A quoted scalar is always a string.
 */
enum yaml_kind { YAML_NULL, YAML_BOOL, YAML_NUMBER, YAML_STRING, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    int line, column;         /* from 1 */
    struct str text;          /* scalars: decoded; numbers and booleans as written */
    struct yaml_node **items; /* LIST: the elements; MAP: the values, which know their keys */
    size_t count;

    const struct yaml_node *parent; /* NULL for the root */
    struct str key;                 /* in a map */
    int key_line, key_column;
    size_t index; /* among its parent's items */
};

enum { YAML_DEPTH_MAX = 64, YAML_KEYS_MAX = 10000, YAML_TEXT_MAX_BYTES = 4 << 20 };

/* Called for each thing that is wrong; `what` lives for the call. Lines and columns from 1. */
typedef void (*yaml_report_fn)(void *ctx, int line, int column, const char *what);

/* What a plain scalar with that text is. */
enum yaml_kind yaml_plain_kind(struct str text);

/*
 * Reads one document; an empty one is a YAML_NULL. On failure (ERR_CONFIG) everything that is
 * wrong was reported, as far as reading went, and err holds the first. The tree lives in the
 * arena; the text need not outlive the call.
 */
bool yaml_parse(struct arena *arena, struct str text, yaml_report_fn report, void *ctx,
                struct yaml_node **ret_root, struct err *err) MUST_CHECK;

/* The member of a map, or NULL. */
struct yaml_node *yaml_find(const struct yaml_node *map, const char *key);

static inline bool yaml_is_scalar(const struct yaml_node *node)
{
    return node->kind < YAML_LIST;
}

/* "null", "a boolean", "a number", "a string", "a list", "a map": for messages. */
const char *yaml_kind_name(enum yaml_kind kind);

#endif
