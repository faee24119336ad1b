#ifndef WORKER_REHEARSAL_PLACEHOLDERS_H
#define WORKER_REHEARSAL_PLACEHOLDERS_H

#include "config/stream.h"
#include "worker/rehearsal/exchange.h"

/*
 * What stands for credentials where there are none. Each reference of a definition, such as
 * `env.SHOP_TOKEN` or `secrets.shop.key`, has a text of its own, the same each time, which
 * looks like a word of a URL. A recording has `<env.SHOP_TOKEN>` for it, as everything that is
 * shown (base/redact.h).
 */
struct placeholders {
    struct arena *arena;
    const struct value *values; /* of references that are no secrets; may be undefined */
    struct placeholder {
        struct str name, text;
    } * items;
    size_t count, capacity;
    struct placeholder_use {
        struct str root;
        const struct value *steps;
        size_t step_count;
    } * uses;
    size_t use_count, use_capacity;
};

/* Takes their place (secrets_replace) until placeholders_close. `stream`, `values` and `arena`
 * must outlive that. */
void placeholders_open(struct placeholders *placeholders, struct arena *arena,
                       const struct stream *stream, const struct value *values);
void placeholders_close(void);

/* Also of the names that stand in an answer for what nobody wrote down: `<hidden-1>`,
 * `<hidden-token>`, `<hidden-secret>`. They have placeholders from then on. */
void placeholders_note(struct placeholders *placeholders, const struct exchange *exchange);

/* The text with placeholders in place of `<env.SHOP_TOKEN>`. */
struct str placeholders_fill(const struct placeholders *placeholders, struct arena *arena,
                             struct str text);

#endif
