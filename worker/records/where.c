#include "worker/records/where.h"

struct record_scope {
    const struct where *where;
    const struct record *record;
};

static struct value value_of(struct arena *arena, struct str raw)
{
    struct value value = UNDEFINED_VALUE;
    struct err ignored = ERR_INIT;
    (void)!value_parse(arena, raw, VALUE_WHOLE, &value, &ignored);
    return value;
}

static bool find(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    const struct record_scope *own = ctx;
    const struct expr_scope *outer = own->where->scope;
    struct str raw = own->record->raw;
    if (!str_is(name, "record")) {
        if (outer->find && outer->find(outer->ctx, name, arena, ret))
            return true;
        const struct record_field *field = record_find(own->record, name);
        bool is_scalar = own->record->kind != RECORD_OBJECT && str_is(name, "value");
        if (!field && !is_scalar)
            return false;
        raw = field ? field->raw : raw;
    }
    *ret = value_of(arena, raw);
    return true;
}

bool where_holds(const struct where *where, const struct record *record, bool *ret_holds,
                 struct err *err)
{
    struct record_scope own = {where, record};
    struct expr_scope scope = *where->scope;
    scope.find = find;
    scope.ctx = &own;
    struct value value;
    arena_reset(where->scratch);
    if (!template_fill(where->template, &scope, false, where->scratch, &value, err))
        return err_wrap(err, "%s: record %zu", where->key, record->position);
    *ret_holds = value_holds(value);
    return true;
}
