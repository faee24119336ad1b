#ifndef CORE_SCRIPT_H
#define CORE_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "port/redis.h"

/*
 * Questions to Redis, most of them scripts of ours (lua/). Each has one answer; where its owner
 * is gone by then, nobody hears it.
 *
 *     scripts_init → [script_ask_new → script_ask_send → its answer_fn]… → scripts_done
 *
 * A script's digest is learned once, from SCRIPT LOAD; until then, and after NOSCRIPT, its text
 * is sent. NOSCRIPT proves that the script did not run: sending its text is the first run, not
 * a second. Any other failure leaves open whether it ran.
 */
enum { SCRIPT_SHA_BYTES = 40 };

struct script {
    const char *name;               /* static: "turn" of turn.lua */
    struct str text;                /* as long as the scripts */
    char sha[SCRIPT_SHA_BYTES + 1]; /* empty until Redis has said it */
};

/* The conversation of one owner. Its fields are set by scripts_init. */
struct scripts {
    struct redis *redis;
    int64_t answer_ms;
    void (*on_answer)(void *ctx, const char *what, const struct err *err);
    void *ctx;
    struct script_ask *asks; /* without an answer so far */
};

struct script_ask;
typedef void (*script_answer_fn)(struct script_ask *ask, const struct redis_reply *reply,
                                 const struct err *err);

/* One question: the first member of its owner's own struct. */
struct script_ask {
    struct scripts *scripts; /* NULL: they are gone, and answer_fn will not be called */
    struct script_ask *next, **link;
    struct arena *arena;   /* of arguments and answer; until answer_fn has returned */
    struct script *script; /* NULL: a command of Redis itself */
    size_t keys;           /* of a script: its arguments begin with them; 1 unless set */
    struct str *args;      /* the whole command */
    size_t count;
    script_answer_fn fn;
};

/*
 * Borrows the connection. `on_answer` sees how each question went, before its own answer_fn:
 * `what` is the script or the command ("turn", "XADD"), `err` NULL where it was taken. May be
 * NULL.
 */
void scripts_init(struct scripts *scripts, struct redis *redis, int64_t answer_ms,
                  void (*on_answer)(void *ctx, const char *what, const struct err *err),
                  void *ctx);
void scripts_done(struct scripts *scripts); /* answers to come are nobody's */

/* The text of lua/NAME; aborts where it is not in the binary. */
struct str script_text(const char *name);

/* `size` bytes, zeroed: a struct script_ask and what its owner has behind it. */
void *script_ask_new(struct scripts *scripts, size_t size, script_answer_fn fn);

/* The arguments behind the number of keys: they live as long as the ask. */
void script_ask_send(struct script_ask *ask, struct script *script, const struct str *args,
                     size_t count);

/* A command of Redis itself, perhaps on another connection. Its arguments are borrowed, but the
 * first is static. */
void script_ask_command(struct script_ask *ask, struct redis *redis, const struct str *args,
                        size_t count, int64_t answer_ms);

/* A number as an argument. */
struct str script_ask_number(struct script_ask *ask, int64_t value);

/* ERR_BUG: our own scripts give what we expect, one of another version may not. */
void script_ask_distrust(const struct script_ask *ask, struct err *err);

#endif
