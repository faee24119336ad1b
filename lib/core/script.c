#include "core/script.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/mem.h"

/*
 *     script_ask_new → script_ask_send ─→ on_reply ─→ answer_fn ─→ ask_free
 *                            │     ↑         │
 *                            │     └─────────┘ NOSCRIPT: sent again, as EVAL
 *                            └→ no digest known yet: sent as EVAL, and SCRIPT LOAD before it
 *
 * What must hold: an ask is in `scripts->asks` until it is answered or they are done; after
 * that it is freed by its own reply, which redis_call promises exactly once.
 */
enum { OWN_ARGS = 3 }; /* command, script, number of keys */

/* --- life --- */

void scripts_init(struct scripts *scripts, struct redis *redis, int64_t answer_ms,
                  void (*on_answer)(void *ctx, const char *what, const struct err *err),
                  void *ctx)
{
    *scripts = (struct scripts){
        .redis = redis, .answer_ms = answer_ms, .on_answer = on_answer, .ctx = ctx};
}

void scripts_done(struct scripts *scripts)
{
    for (struct script_ask *ask = scripts->asks; ask; ask = ask->next)
        ask->scripts = NULL;
    scripts->asks = NULL;
}

struct str script_text(const char *name)
{
    for (const struct embedded *file = embedded_lua; file->name; file++)
        if (!strcmp(file->name, name))
            return str_from(file->text);
    fprintf(stderr, "pagetide: %s is not in the binary\n", name);
    abort();
}

/* --- asking --- */

void *script_ask_new(struct scripts *scripts, size_t size, script_answer_fn fn)
{
    struct script_ask *ask = mem_alloc(size);
    memset(ask, 0, size);
    *ask = (struct script_ask){.scripts = scripts,
                               .next = scripts->asks,
                               .link = &scripts->asks,
                               .arena = arena_new(),
                               .keys = 1,
                               .fn = fn};
    if (ask->next)
        ask->next->link = &ask->next;
    scripts->asks = ask;
    return ask;
}

static void ask_free(struct script_ask *ask)
{
    if (ask->scripts) {
        assert(*ask->link == ask);
        *ask->link = ask->next;
        if (ask->next)
            ask->next->link = ask->link;
    }
    arena_free(ask->arena);
    mem_free(ask);
}

static bool is_script(const struct script_ask *ask)
{
    return str_starts(ask->args[0], STR("EVAL"));
}

static void on_reply(void *ctx, const struct redis_reply *reply, const struct err *err);

static void send_script(struct script_ask *ask, bool by_sha)
{
    const struct script *script = ask->script;
    ask->args[0] = by_sha ? STR("EVALSHA") : STR("EVAL");
    ask->args[1] = by_sha ? str_from(script->sha) : script->text;
    redis_call(ask->scripts->redis, ask->args, ask->count, ask->scripts->answer_ms, on_reply,
               ask);
}

static void on_reply(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct script_ask *ask = ctx;
    struct scripts *scripts = ask->scripts;
    bool is_unknown = err && str_starts(str_from(err->text), STR("NOSCRIPT"));
    if (scripts && is_unknown && str_is(ask->args[0], "EVALSHA")) {
        send_script(ask, false);
        return;
    }
    if (scripts && scripts->on_answer)
        scripts->on_answer(scripts->ctx, is_script(ask) ? ask->script->name : ask->args[0].ptr,
                           err);
    if (ask->scripts)
        ask->fn(ask, reply, err);
    ask_free(ask);
}

static void on_sha(struct script_ask *ask, const struct redis_reply *reply,
                   const struct err *err)
{
    if (!err && reply->text.len == SCRIPT_SHA_BYTES)
        memcpy(ask->script->sha, reply->text.ptr, SCRIPT_SHA_BYTES);
}

static void ask_for_sha(struct scripts *scripts, struct script *script)
{
    const struct str args[] = {STR("SCRIPT"), STR("LOAD"), script->text};
    struct script_ask *ask = script_ask_new(scripts, sizeof *ask, on_sha);
    ask->script = script;
    script_ask_command(ask, scripts->redis, args, COUNT_OF(args), scripts->answer_ms);
}

void script_ask_send(struct script_ask *ask, struct script *script, const struct str *args,
                     size_t count)
{
    bool has_sha = script->sha[0] != '\0';
    if (!has_sha)
        ask_for_sha(ask->scripts, script);
    ask->script = script;
    ask->count = OWN_ARGS + count;
    ask->args = ARENA_ARRAY(ask->arena, struct str, ask->count);
    ask->args[2] = script_ask_number(ask, (int64_t)ask->keys);
    for (size_t i = 0; i < count; i++)
        ask->args[OWN_ARGS + i] = args[i];
    send_script(ask, has_sha);
}

void script_ask_command(struct script_ask *ask, struct redis *redis, const struct str *args,
                        size_t count, int64_t answer_ms)
{
    ask->args = ARENA_NEW(ask->arena, struct str);
    ask->args[0] = args[0];
    ask->count = 1;
    redis_call(redis, args, count, answer_ms, on_reply, ask);
}

struct str script_ask_number(struct script_ask *ask, int64_t value)
{
    return arena_printf(ask->arena, "%jd", (intmax_t)value);
}

void script_ask_distrust(const struct script_ask *ask, struct err *err)
{
    (void)!err_set(err, ERR_BUG, "redis", 0, "%s.lua: not an answer of this script",
                   ask->script->name);
}
