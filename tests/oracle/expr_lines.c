/*
 * Evaluates expressions by the line, for tests/oracle/expr_oracle.py. Reads from stdin one
 * object a line, {"context": {…}, "expr": "…"}, and answers each with a line: {"ok": value},
 * {"undefined": true}, {"error": "…"} or {"syntax": "…"}.
 */
#include <stdio.h>

#include "core/expr.h"

static bool find(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    (void)arena;
    const struct value *context = ctx;
    *ret = value_get(*context, name);
    return ret->kind != VALUE_UNDEFINED;
}

static void answer(struct buf *out, const char *kind, struct value value)
{
    buf_printf(out, "{\"%s\":", kind);
    value_format(out, value);
    buf_puts(out, "}\n");
}

static void evaluate(struct arena *arena, struct value line, struct buf *out)
{
    struct err err = ERR_INIT;
    struct expr *expr;
    struct value context = value_get(line, STR("context")), value;
    struct expr_scope scope = {.find = find, .ctx = &context};
    if (!expr_compile(arena, value_get(line, STR("expr")).text, &expr, &err))
        answer(out, "syntax", value_string(str_from(err.text)));
    else if (!expr_eval(expr, &scope, arena, &value, &err))
        answer(out, "error", value_string(str_from(err.text)));
    else if (value.kind == VALUE_UNDEFINED)
        answer(out, "undefined", value_bool(true));
    else
        answer(out, "ok", value);
}

int main(void)
{
    AUTO_ARENA struct arena *arena = arena_new();
    char *text = NULL;
    size_t capacity = 0;
    for (ssize_t len; (len = getline(&text, &capacity, stdin)) > 0;) {
        AUTO_BUF(out, MIB(64));
        struct err err = ERR_INIT;
        struct value line;
        arena_reset(arena);
        if (!value_parse(arena, (struct str){text, (size_t)len}, VALUE_WHOLE, &line, &err))
            answer(&out, "bad", value_string(str_from(err.text)));
        else
            evaluate(arena, line, &out);
        fwrite(out.ptr, 1, out.len, stdout);
    }
    free(text);
    return 0;
}
