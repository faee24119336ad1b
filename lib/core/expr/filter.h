#ifndef CORE_EXPR_FILTER_H
#define CORE_EXPR_FILTER_H

#include "core/expr/call.h"

/* The filters, by name: NULL where there is none; the nearest name, or NULL. */
const struct callable *filter_find(struct str name);
const char *filter_nearest(struct str name);

/*
 * The offset that `tz` of the filter date names: UTC, Z, +02:00, -0330. ERR_INPUT: it is none,
 * or a zone by its name.
 */
bool filter_zone_offset(struct str zone, int *ret_seconds, struct err *err) MUST_CHECK;

/* The tables that are searched, in this order. */
enum { FILTER_TABLES = 6 };
extern const struct callable *const filter_tables[FILTER_TABLES];

/* Each in the file of its name. */
extern const struct callable filter_basic_table[], filter_code_table[], filter_list_table[],
    filter_select_table[], filter_text_table[], filter_time_table[];

#endif
