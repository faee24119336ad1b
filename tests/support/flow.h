#ifndef TESTS_SUPPORT_FLOW_H
#define TESTS_SUPPORT_FLOW_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "tests/support/blocks.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"

/*
 * One `pagetide sync` against the mock API, judged by lines of text. The notation of the parts
 * `mock` and `expect` is in tests/tables/README.
 *
 *     flow_open → (flow_read_cases → flow_try…)… → flow_close
 */
struct flow_bench {
    struct mock mock;
    struct pagetide pagetide;
    struct arena *arena;
    struct buf problems; /* what was not as expected, by the line */
};

void flow_open(struct flow_bench *ret_bench);
/* Fails the test where there are problems. */
void flow_close(struct flow_bench *bench);

/* The cases of a table; the chosen one alone where FLOW chooses (choice.h). */
struct blocks flow_read_cases(struct flow_bench *bench, const char *path);

/* What is run: a whole source file (filled before it is written), and one of its streams. */
struct flow_subject {
    const char *source, *stream;
    struct str definition;
};

/* The mock API is reset first: it knows what the case's `mock` says, and its own. */
void flow_try(struct flow_bench *bench, const char *path, const struct block *test,
              const struct flow_subject *subject);

/* The source file of a case of flows/: keys of the source, and of its one stream "s". */
void flow_put_definition(struct flow_bench *bench, const struct block *test, const char *source,
                         struct buf *out);

/* The script alone: what comes then is the caller's. */
void flow_script(struct flow_bench *bench, const struct block *test);

/* %M and %P, where no subject is known yet. */
struct str flow_fill(struct flow_bench *bench, struct str text);

#endif
