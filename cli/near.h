#ifndef CLI_NEAR_H
#define CLI_NEAR_H

#include "cli/cli.h"

/*
 * The streams that an unknown name may have been meant to be: that of another case, with
 * another sign for the dot, without its source, with nothing but it; or a misspelt one.
 *
 *     near_start → near_take … → near_put
 */
enum { NEAR_MAX = 3 };

struct near {
    struct str word; /* borrowed */
    int best;
    struct str names[NEAR_MAX]; /* borrowed; all are as near as the others */
    size_t count;
};

void near_start(struct near *near, struct str word);
void near_take(struct near *near, struct str name);

/* `; did you mean "bank.orders" or "shop.orders"?`; nothing where none is near. */
void near_put(struct buf *buf, const struct near *near);

/* Of the streams that PostgreSQL knows. Says nothing of its errors. */
void near_put_stored(struct buf *buf, struct pg *pg, struct str word);

/* "there is no stream WORD" with those; `command` begins it, or NULL. Returns EXIT_USAGE. */
int near_unknown(struct pg *pg, const char *command, struct str word);

#endif
