#ifndef CONFIG_PROBLEM_H
#define CONFIG_PROBLEM_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "port/yaml.h"

/* A second file that takes part in a first: the tree of it, and why it does. */
struct problem_file {
    const struct yaml_node *root; /* NULL: there is none */
    struct str name, because;
};

/*
 * What is wrong with a file: all of it, one a line, `shop.yaml:12:7: streams.orders.path:
 * what`. The path is the node's own, so it names the place where the text was written, also
 * for what a stream inherited. A line that is there already is not added again; after 100 lines
 * none is.
 */
struct problems {
    struct arena *arena;
    struct str file;
    struct problem_file other; /* a node of its tree is named by this file, and `because` */
    struct buf *out;           /* borrowed */
    /* Of a person's own file: puts what was meant by a value that is refused (meant.h). NULL
     * for what is stored: it was taken once, and stays what it is. */
    void (*put_meant)(struct buf *buf, const struct yaml_node *node);
    size_t count;
    struct str first;
};

void problem_add(struct problems *problems, const struct yaml_node *at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The same, with the place of the node's key instead of its value. */
void problem_add_key(struct problems *problems, const struct yaml_node *at, const char *fmt,
                     ...) PRINTF_LIKE(3, 4);

/* As problem_add, of a value that its key does not take; what was meant stands behind it. */
void problem_add_misfit(struct problems *problems, const struct yaml_node *at, const char *fmt,
                        ...) PRINTF_LIKE(3, 4);

/*
 * How far a known name is from what was written, at most `max` + 1: edits, but a beginning of
 * the name counts as one.
 */
int problem_distance(struct str written, struct str known, int max);

/* A yaml_report_fn; ctx is the problems. */
void problem_on_yaml(void *ctx, int line, int column, const char *what);

/* ERR_CONFIG with the first problem and the count of the others. Always returns false. */
bool problems_to_err(const struct problems *problems, struct err *err);

#endif
