#include "core/expr/filter.h"

static const struct callable *const tables[] = {filter_basic_table, filter_text_table,
                                                filter_list_table,  filter_select_table,
                                                filter_code_table,  filter_time_table};

const struct callable *filter_find(struct str name)
{
    const struct callable *filter = NULL;
    for (size_t i = 0; i < COUNT_OF(tables) && !filter; i++)
        filter = call_find(tables[i], name);
    return filter;
}

const char *filter_nearest(struct str name)
{
    const char *nearest = NULL;
    int best = CALL_DISTANCE_MAX;
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        nearest = call_nearest(tables[i], name, nearest, &best);
    return nearest;
}
