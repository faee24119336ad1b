#ifndef WORKER_REHEARSAL_DIFFERENCE_H
#define WORKER_REHEARSAL_DIFFERENCE_H

#include "core/value.h"

/*
 * Where an outcome is another than expected (both as outcome.h has them): how the run ended,
 * the columns of its tables, and row by row, in their order. Numbers are the same where their
 * digits are; a column that is null is one that is not there.
 */
enum difference_of {
    DIFFERENCE_END,      /* `name` is "state", "pages" … */
    DIFFERENCE_TABLE,    /* the whole table is there or not */
    DIFFERENCE_COLUMN,   /* the type of the column `name` */
    DIFFERENCE_COUNT,    /* how many `name` (rows, rejected) there are */
    DIFFERENCE_ROW,      /* row `number`, column `name`; empty: the row as a whole */
    DIFFERENCE_REJECTED, /* the same of the rejected record `number` */
};

struct difference {
    enum difference_of of;
    struct str table; /* "shop.orders"; empty for END */
    int64_t number;   /* from 1 */
    struct str name;
    struct str expected, got; /* JSON; empty: nothing */
};

enum { DIFFERENCES_MAX = 20 };

struct differences { /* texts in `arena` */
    struct arena *arena;
    struct difference items[DIFFERENCES_MAX];
    int64_t count; /* of all: those beyond DIFFERENCES_MAX are only counted */
};

void differences_find(struct differences *differences, struct value expected, struct value got);

#endif
