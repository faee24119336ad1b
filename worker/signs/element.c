#include "worker/signs/element.h"

static const struct str text_key = STR_INIT("#text");

/* Attributes, with a text or without. */
static bool is_leaf(const struct pager_facts *facts, struct value value)
{
    if (facts->stream->form.format != ANSWER_XML || value.kind != VALUE_MAP ||
        !value.map->count)
        return false;
    for (size_t i = 0; i < value.map->count; i++) {
        struct str key = value.map->members[i].key;
        if (!str_starts(key, STR("@")) && !str_eq(key, text_key))
            return false;
    }
    return true;
}

struct value element_text(const struct pager_facts *facts, struct value value)
{
    struct value text = value_get(value, text_key);
    return text.kind != VALUE_UNDEFINED && is_leaf(facts, value) ? text : value;
}

bool element_is_bare(const struct pager_facts *facts, struct value value)
{
    return is_leaf(facts, value) && value_get(value, text_key).kind == VALUE_UNDEFINED;
}

bool element_read(const struct pager_facts *facts, const struct locator *locator,
                  struct arena *arena, struct value *ret, struct err *err)
{
    if (!locator_read(locator, facts->scope, arena, ret, err))
        return false;
    *ret = element_text(facts, *ret);
    return true;
}
