#include "core/locator.h"

/* RFC 9110, section 5.6.2: token. */
static bool is_header_name(struct str name)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t i = 0; i < name.len; i++)
        if (str_find_byte(str_from(allowed), name.ptr[i]) < 0)
            return false;
    return name.len > 0;
}

static struct str lower_case(struct arena *arena, struct str name)
{
    char *copy = arena_cstr(arena, name);
    for (size_t i = 0; i < name.len; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] | 0x20);
    return (struct str){copy, name.len};
}

static bool compile_header(struct arena *arena, struct str name, struct locator *ret,
                           struct err *err)
{
    if (!is_header_name(name))
        return err_set(err, ERR_CONFIG, "path", 0, "'%.*s' is not the name of a header",
                       STR_ARG(name));
    ret->kind = LOCATOR_HEADER;
    ret->header = lower_case(arena, name);
    return true;
}

static bool compile_kind(struct arena *arena, struct str text, struct locator *ret,
                         struct err *err)
{
    struct str prefix = STR("header:");
    if (str_starts(text, prefix))
        return compile_header(arena, str_trim(str_slice(text, prefix.len, text.len)), ret, err);
    if (str_find(text, STR("{{")) >= 0) {
        ret->kind = LOCATOR_EXPR;
        ret->template = ARENA_NEW(arena, struct template);
        return template_compile(arena, text, ret->template, err);
    }
    ret->kind = LOCATOR_BODY;
    if (!path_compile(arena, text, &ret->path, err))
        return false;
    if (ret->path.has_wildcard)
        return err_set(err, ERR_CONFIG, "path", 0,
                       "'%.*s' has a wildcard, but one value is wanted", STR_ARG(text));
    return true;
}

bool locator_compile(struct arena *arena, struct str text, struct locator *ret, struct err *err)
{
    struct locator locator = {.source = arena_str(arena, text)};
    if (!compile_kind(arena, locator.source, &locator, err))
        return false;
    *ret = locator;
    return true;
}

static struct value find_name(const struct expr_scope *scope, struct arena *arena,
                              struct str name)
{
    struct value found = UNDEFINED_VALUE;
    if (!scope->find || !scope->find(scope->ctx, name, arena, &found))
        return UNDEFINED_VALUE;
    return found;
}

bool locator_read(const struct locator *locator, const struct expr_scope *scope,
                  struct arena *arena, struct value *ret, struct err *err)
{
    struct value http;
    switch (locator->kind) {
    case LOCATOR_BODY:
        *ret = path_get(&locator->path, find_name(scope, arena, STR("response")));
        return true;
    case LOCATOR_HEADER:
        http = find_name(scope, arena, STR("http"));
        *ret = value_get(value_get(http, STR("headers")), locator->header);
        return true;
    case LOCATOR_EXPR:
        return template_fill(locator->template, scope, false, arena, ret, err);
    default:
        *ret = UNDEFINED_VALUE;
        return true;
    }
}
