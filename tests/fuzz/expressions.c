#include "core/template.h"
#include "tests/fuzz/targets.h"

static bool find(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    (void)arena;
    const struct value *context = ctx;
    *ret = value_get(*context, name);
    return ret->kind != VALUE_UNDEFINED;
}

static void count_use(void *ctx, const struct expr_use *use)
{
    size_t *count = ctx;
    *count += use->step_count;
}

/* What an expression gives is JSON, whatever it was made of. */
static void check_value(struct arena *arena, struct value value)
{
    AUTO_BUF(buf, MIB(64));
    struct value again;
    struct err err = ERR_INIT;
    value_format(&buf, value);
    if (buf.has_overflowed)
        return;
    bool is_json = value_parse(arena, buf_str(&buf), VALUE_WHOLE, &again, &err);
    FUZZ_CHECK(is_json, "%s: %.*s", err.text, STR_ARG(str_slice(buf_str(&buf), 0, 500)));
}

void fuzz_expressions(struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str head, rest = str_split(text, '\n', &head);
    struct value context = UNDEFINED_VALUE, value;
    struct err err = ERR_INIT;
    struct template template;
    if (!value_parse(arena, rest, VALUE_WHOLE, &context, &err))
        context = UNDEFINED_VALUE;
    if (!template_compile(arena, head, &template, &err))
        return;
    size_t steps = 0;
    template_uses(&template, count_use, &steps);
    struct expr_scope scope = {
        .find = find, .ctx = &context, .now_us = (int64_t)1767323045 * 1000000};
    if (template_fill(&template, &scope, true, arena, &value, &err))
        check_value(arena, value);
    else
        FUZZ_CHECK(err.kind == ERR_INPUT && err.text[0], "kind %d", (int)err.kind);
}
