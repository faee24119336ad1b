#ifndef TESTS_FUZZ_TARGETS_H
#define TESTS_FUZZ_TARGETS_H

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "core/value.h"

/*
 * What is fuzzed: each target takes any bytes and aborts where a promise is broken. The text is
 * a heap block of exactly its length. tests/fuzz/main.c makes libFuzzer programs of them,
 * tests/unit/fuzz/test_corpus.c replays tests/fuzz/corpus/TARGET.txt with every `make test`.
 *
 *   records      a path, a line's end, a body: the record scanner agrees with value_parse
 *   ndjson       a body of lines: a line is a record where value_parse takes it
 *   csv          a byte that chooses the form, a body of rows: each one is an object
 *   xml          a path, a line's end, a body: what is XML becomes JSON
 *   expressions  a template, a line's end, a JSON object of names
 *   paths        a locator, a line's end, a JSON document
 *   links        a Link header
 *   times        waits, dates, durations and sizes
 *   cron         a cron expression, a line's end, seconds since 1970
 *   definitions  a source file; what it stores reads back the same
 *   imports      a file of another tool: what is made of it and said to be valid is read back
 *   structured   a header's name, a line's end, its value: a field, a quota's wait
 *   tokens       a status, a line's end, the answer to a request for a token
 *   messages     the fields of a reload message, one a line: name, blank, value
 *   requests     the head of a request to our own listener
 *   checkpoints  a checkpoint, read for each type of pagination; what it writes reads back
 */
#define FUZZ_TARGETS(X)                                                                        \
    X(records)                                                                                 \
    X(ndjson)                                                                                  \
    X(csv)                                                                                     \
    X(xml)                                                                                     \
    X(expressions)                                                                             \
    X(paths)                                                                                   \
    X(links)                                                                                   \
    X(times)                                                                                   \
    X(cron)                                                                                    \
    X(definitions)                                                                             \
    X(imports)                                                                                 \
    X(structured)                                                                              \
    X(tokens)                                                                                  \
    X(messages)                                                                                \
    X(requests)                                                                                \
    X(checkpoints)

#define FUZZ_DECLARE(name) void fuzz_##name(struct str text);
FUZZ_TARGETS(FUZZ_DECLARE)

#define FUZZ_CHECK(promise, fmt, ...)                                                          \
    do {                                                                                       \
        if (!(promise)) {                                                                      \
            fprintf(stderr, "%s:%d: not so: %s: " fmt "\n", __FILE__, __LINE__, #promise,      \
                    __VA_ARGS__);                                                              \
            abort();                                                                           \
        }                                                                                      \
    } while (0)

#endif
