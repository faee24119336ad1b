#include "core/locator.h"

#include "core/expr.h"
#include "tests/fuzz/targets.h"

static bool find(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    (void)arena;
    const struct value *context = ctx;
    *ret = str_is(name, "response") ? *context : value_get(*context, name);
    return ret->kind != VALUE_UNDEFINED;
}

void fuzz_paths(struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str head, rest = str_split(text, '\n', &head);
    struct value root, value;
    struct err err = ERR_INIT;
    struct path path;
    struct locator locator;
    if (!value_parse(arena, rest, VALUE_WHOLE, &root, &err))
        root = NULL_VALUE;
    bool is_path = path_compile(arena, head, &path, &err);
    if (is_path && !path.has_wildcard)
        value = path_get(&path, root);
    if (is_path)
        FUZZ_CHECK(str_eq(path.source, head), "%.*s", STR_ARG(path.source));
    if (!locator_compile(arena, head, &locator, &err))
        return;
    struct expr_scope scope = {.find = find, .ctx = &root};
    bool is_there = locator_read(&locator, &scope, arena, &value, &err);
    FUZZ_CHECK(is_there || err.kind == ERR_INPUT, "kind %d", (int)err.kind);
}
