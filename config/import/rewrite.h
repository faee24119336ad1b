#ifndef CONFIG_IMPORT_REWRITE_H
#define CONFIG_IMPORT_REWRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * Expressions of tools that write Jinja too, with other names for the same things: their
 * names, functions and filters are replaced, the rest of an expression stays as it is.
 */
enum { REWRITE_STEPS_MAX = 16, REWRITE_ARGS_MAX = 8 };

/* config['start_date'].x: root config, steps start_date and x. */
struct rewrite_name {
    struct str root;
    struct str steps[REWRITE_STEPS_MAX];
    size_t count;
};

struct rewrite_rules {
    /*
     * What stands in the place of the root and the first *ret_used steps. False: the name has
     * no counterpart.
     */
    bool (*name)(void *ctx, const struct rewrite_name *name, size_t *ret_used,
                 struct str *ret_text);
    /* Of a call; the arguments are rewritten. May be NULL. */
    bool (*call)(void *ctx, struct str function, const struct str *args, size_t count,
                 struct str *ret_text);
    void *ctx;
    struct arena *arena;
    const char *const (*filters)[2]; /* from, to; up to NULL. May be NULL */
};

/*
 * A text with {{ expressions }} in it; one that names nothing is what it comes to. False:
 * something in it has no counterpart, or the result is no expression here, or it has
 * statements ({% if %}).
 */
bool rewrite_text(const struct rewrite_rules *rules, struct str text,
                  struct str *ret) MUST_CHECK;

/* "{{ response.meta['a.b'] }}" of the root "response" → meta['a.b']; false for all else. */
bool rewrite_as_path(struct arena *arena, struct str text, const char *root,
                     struct str *ret_path) MUST_CHECK;

/* "vars.day", or "vars['my-day']" where the key is no word. */
struct str rewrite_member(struct arena *arena, const char *root, struct str key);

/* The inside of a text that is one expression: "{{ a }}" → "a". False for all else. */
bool rewrite_is_one(struct str text, struct str *ret_inside) MUST_CHECK;

#endif
