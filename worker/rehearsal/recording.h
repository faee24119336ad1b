#ifndef WORKER_REHEARSAL_RECORDING_H
#define WORKER_REHEARSAL_RECORDING_H

#include "base/arena.h"
#include "base/err.h"
#include "core/value.h"
#include "worker/rehearsal/exchange.h"

/*
 * The room rehearsal/ tries a definition without its API: recorder keeps what was asked and
 * answered, without secrets (hidden); recording and recording_text are the file of it;
 * rehearsal lets the definition run on what is in such a file, with placeholders for its
 * credentials; matching finds the answer to a request, outcome collects what comes out,
 * difference says where it is another than expected.
 *
 * A recording is a YAML file that people edit:
 *
 *     stream: shop.orders
 *     pages: 3
 *     at: 2026-11-30T05:46:30.123Z       # what `now` is
 *     exchanges:
 *       - request: {method: GET, url: "https://…", headers: {Accept: application/json}}
 *         answer: {after_ms: 12, status: 200, headers: {link: …}, body: "[…]"}
 *     expect: {state: succeeded, …}      # outcome.h; the last key
 */
enum { RECORDING_EXCHANGES_MAX = 10000 };

/* The words for an answer that did not come: "again", "input", "config"; NULL: no such kind. */
const char *recording_failure(enum err_kind kind);

struct recording {
    struct str stream;
    int pages;              /* at most so many are read */
    int64_t at_ms;          /* wall clock, when the run began */
    struct value partition; /* undefined: the first that the definition names, or none */
    struct value values; /* of references that are no secrets, by their names; or undefined */
    struct exchange *exchanges;
    size_t count;
    struct value expect; /* undefined: there is none */
    int expect_line;     /* 0: there is none */
    bool is_expect_last;
};

/*
 * Reads a file's text, of at most YAML_TEXT_MAX_BYTES; everything is in `arena`. ERR_CONFIG
 * names `file`, line and column.
 */
bool recording_parse(struct arena *arena, const char *file, struct str text,
                     struct recording *ret_recording, struct err *err) MUST_CHECK;

#endif
