#ifndef TESTS_SUPPORT_MOCK_H
#define TESTS_SUPPORT_MOCK_H

#include <stdint.h>
#include <sys/types.h>

/*
 * A mock API for tests and benchmarks: HTTP/1.1 on 127.0.0.1 by hand, so that every fault is
 * possible. In a test it is a child process that dies with the test:
 *
 *     struct mock mock;
 *     mock_start(NULL, &mock);
 *     mock_post(&mock, "/_mock/fault",
 *               "{\"path\": \"/gen/page\", \"nth\": 2, \"kind\": \"reset\"}");
 *     … let the program under test read mock.url …
 *     ck_assert_int_eq(mock_count(&mock, "/gen/page"), 5);
 *     mock_stop(&mock);
 *
 * Calls block and end the test with a message where something goes wrong.
 *
 * What it serves (query parameters in brackets, with their defaults):
 *
 *   /gen/page      [page=1 per_page=10]     {data, page, pages, total, has_more}
 *   /gen/offset    [offset=0 limit=10]      {data, offset, limit, total, has_more}
 *   /gen/cursor    [cursor= limit=10]       {data, next_cursor, total, has_more}
 *   /gen/link      [page=1 per_page=10]     [records]; Link: next, last; X-Total-Count
 *   /gen/next      [page=1 per_page=10]     {data, next: URL | null, total, has_more}
 *     and for all  [total=100 seed=1 record_bytes=0 from=1 since= max=]: records
 *     {id, name, score, created_at, active, note} with ids from..from+total-1; score depends on
 *     id and seed, note is padding of record_bytes, created_at is 2024-01-01 plus id minutes,
 *     `since` leaves out earlier ones, `max` caps the page size without saying so
 *   /iso/languages [cursor= limit=500]      {languages, next_cursor}      ISO 639-3
 *   /iso/subdivisions [offset=0 limit=500]  {subdivisions, offset, limit, total}  ISO 3166-2
 *   /iso/countries [page=1 per_page=50]     [records]; Link: next         ISO 3166-1
 *   /api/v1/assessments, users, events, flaky, POST flaky/reset, /health   NoETL's mock server
 *   /netbackup/admin/jobs [page[limit]=100 page[offset]= page[after]= total=150]
 *   /katana/products      [page=1 limit=20 total=142]
 *   /random/SEED          an API made by chance (random_api.h)
 *   POST /oauth/token     tokens at-1-planted, at-2-planted, …, to the client that /_mock/token
 *                         wants; POST /oauth/login {user: me@shop, password: pa55-planted} too
 *   /digest/PATH          PATH by digest authentication (mock_digest.c)
 *   /guarded/PATH         PATH with such a token alone: Authorization, X-Session, ?session=, or
 *                         the cookie sid
 *
 * Control, all JSON (script: {"routes": […], "faults": […]}; POST takes one object or a list):
 *
 *   POST /_mock/route  {path, query, status=200, headers, body} or {path, query, answers: […]}
 *       `query`: text that must be in the query, e.g. "page=2"; `body`: text or any JSON;
 *       of several answers each is given once, the last for ever. The newest route wins.
 *       `by`: this method alone; `sent`: a text that must be in the request's body
 *   POST /_mock/fault  {path, query, page, nth, times=1, kind, status, headers, body, ms,
 *                       bytes, value}
 *       `path` is a prefix; `page: 2` is short for `query: "page=2"`; from the `nth` matching
 *       request on, `times` requests are hit (-1: all). Kinds, and what they use:
 *         status           status (500), headers, body
 *         retry_after      status (429), value
 *         redirect         status (302), value: the location
 *         html, empty      a useless 200
 *         truncate         Content-Length, then only `bytes` (half) of the body, then the end
 *         cut_chunk        the same in a chunked body
 *         close_delimited  and without either
 *         gzip             a whole gzip body, of `members` (1), with `zeros` (0) behind them,
 *                          `layers` (1) times over; of `file`: 1 the headers do not tell
 *         cut_gzip         12 bytes less of it
 *         bomb             `bytes` (64 MiB) of blanks in gzip
 *         reset            RST after `bytes` (0)
 *         slow_ms          the answer after `ms` (1000)
 *         hang             no answer
 *         drip             `bytes` (1) of the answer every `ms` (1000)
 *         headers          `bytes` (300,000) of header lines
 *         header           one header line of `bytes` (300,000)
 *         garbage          not HTTP
 *   POST /_mock/token  {client_id=shop, client_secret=s3cr3t-planted, as=body | basic, rotate,
 *                       expires_in=3600 (0: not said), uses=-1, revoke, refresh}
 *       a token is good so long, for so many requests, and until `revoke`. The refresh token
 *       is rt-1-planted, or that of the number `refresh`; with `rotate` each is good once, and
 *       used again ends them all
 *   GET  /_mock/requests   {count, max_active, requests: [{at_ms, method, target, headers,
 *                           body}]}
 *   GET  /_mock/count?url= {count, max, urls}: requests with that path, or with that exact
 *       target if it holds a '?'; `max`: of the URL asked for most often
 *   POST /_mock/reset      forgets routes, faults and requests
 */
struct mock {
    pid_t pid;
    int port;
    char url[64]; /* http://127.0.0.1:PORT, without a '/' at the end */
};

/* `script` may be NULL. Start it before sockets are open: the child inherits them. */
void mock_start(const char *script, struct mock *ret_mock);
void mock_stop(struct mock *mock);

/* Status 200 is expected; the body stays until the process ends. */
const char *mock_get(const struct mock *mock, const char *target);
void mock_post(const struct mock *mock, const char *target, const char *json);

/* Requests seen for a path, or for an exact target if it holds a '?'. */
int64_t mock_count(const struct mock *mock, const char *url);
/* The same for the one URL below `path` that was asked for most often. */
int64_t mock_count_max(const struct mock *mock, const char *path);

/* The server itself, on a listening socket, until SIGTERM; for bench/mock.c. */
void mock_serve(int listen_fd, const char *script);
int mock_listen(int port, int *ret_port);
int mock_listen_all(int port, int *ret_port); /* for other machines, too */

#endif
