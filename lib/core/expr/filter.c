#include "core/expr/filter.h"

const struct callable *const filter_tables[FILTER_TABLES] = {
    filter_basic_table,  filter_text_table, filter_list_table,
    filter_select_table, filter_code_table, filter_time_table,
};

const struct callable *filter_find(struct str name)
{
    const struct callable *filter = NULL;
    for (size_t i = 0; i < FILTER_TABLES && !filter; i++)
        filter = call_find(filter_tables[i], name);
    return filter;
}

const char *filter_nearest(struct str name)
{
    const char *nearest = NULL;
    int best = CALL_DISTANCE_MAX;
    for (size_t i = 0; i < FILTER_TABLES; i++)
        nearest = call_nearest(filter_tables[i], name, nearest, &best);
    return nearest;
}
