#ifndef TESTS_SUPPORT_EXCHANGE_FIXTURE_H
#define TESTS_SUPPORT_EXCHANGE_FIXTURE_H

#include "worker/exchange/scope.h"
#include "worker/signs/pager.h"

/*
 * What a request or an answer needs around it: the stream "shop.orders" of an API at
 * https://h.example, a job of run 7 that began at 2026-01-02T03:04:05Z, its scope, and the
 * pager at the start. Keys are YAML: of the source on lines of their own, of the stream between
 * braces. A definition or scope that is refused fails the test.
 *
 *     exchange_fixture_open(&fixture, "", "path: /orders, params: {limit: 10}");
 */
struct exchange_fixture {
    struct arena *arena;
    struct stream *stream;
    struct job job;
    struct scope scope;
    struct pager pager;
    struct err err;
};

/* The fixture stays where it is until it is closed. */
void exchange_fixture_open(struct exchange_fixture *ret_fixture, const char *source_keys,
                           const char *stream_keys);
void exchange_fixture_close(struct exchange_fixture *fixture);

/* The two halves of it, for what the scope of a fixture should not be. */
struct stream *exchange_fixture_stream(struct arena *arena, const char *source_keys,
                                       const char *stream_keys);
struct job exchange_fixture_job(void);

/* The JSON of a value, and the other way. */
struct str exchange_fixture_json(struct arena *arena, struct value value);
struct value exchange_fixture_value(struct arena *arena, const char *json);

#endif
