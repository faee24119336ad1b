#ifndef BASE_OPT_H
#define BASE_OPT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

/*
 * Command line options: one table per command parses them and prints --help. Long options
 * take their value as the next argument or after '='; options may come after operands;
 * `--` ends them. `--help` is understood everywhere.
 */
enum opt_type {
    OPT_FLAG,     /* bool */
    OPT_TEXT,     /* const char *, borrowed from argv */
    OPT_LIST,     /* struct opt_list: each time it is given adds one */
    OPT_COUNT,    /* int64_t, >= 0 */
    OPT_DURATION, /* int64_t, milliseconds; units.h */
    OPT_SIZE,     /* int64_t, bytes; units.h */
};

enum { OPT_LIST_MAX = 32 };

struct opt_list {
    const char *items[OPT_LIST_MAX]; /* borrowed from argv */
    size_t count;
};

struct opt {
    const char *name; /* without dashes; NULL ends the table */
    char letter;      /* one-letter form, 0 if none */
    enum opt_type type;
    size_t offset;     /* of the member in the target struct */
    const char *value; /* name of the value in --help; NULL for flags */
    const char *help;
};

#define OPT_END                                                                                \
    {                                                                                          \
        .name = NULL                                                                           \
    }

/*
 * Reads options into `target` (zeroed or set to defaults by the caller) and moves the operands
 * to the front of argv; *ret_operands is their number. ERR_CONFIG names the option and, for an
 * unknown one, the nearest known. --help sets *ret_help and stops reading.
 */
bool opt_parse(const struct opt *table, void *target, int argc, char **argv, int *ret_operands,
               bool *ret_help, struct err *err) MUST_CHECK;

/*
 * What is said of an unknown option: words of others, parted by blanks, and what there is here
 * instead: an option of the table at hand, where it has that, or a text.
 */
struct opt_word {
    const char *words; /* NULL ends the list */
    const char *option, *text;
};

/* Said once, at start; borrowed. The first that fits counts. */
void opt_set_words(const struct opt_word *words);

/*
 * The option of that word that takes a value, read as opt_parse does: "--name", "--name=value",
 * "-n", "-nvalue", and "-qn" behind flags; NULL: there is none. *ret_value is in `word`, NULL
 * where the value is the next argument.
 */
const struct opt *opt_with_value(const struct opt *table, char *word, char **ret_value);

/* The table as the body of --help. */
void opt_print(FILE *out, const struct opt *table);

#endif
