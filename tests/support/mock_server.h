#ifndef TESTS_SUPPORT_MOCK_SERVER_H
#define TESTS_SUPPORT_MOCK_SERVER_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * The mock API's inside: mock_server.c reads requests, mock_script.c knows which route and
 * which fault is due, mock_gen.c, mock_pages.c, mock_token.c and mock_random.c make the
 * answers, mock_fault.c spoils them.
 */
struct mock_request {
    struct arena *arena; /* of the request; it holds the slices below */
    struct str method, target, path, query, headers, body;
};

struct mock_reply {
    int status;
    const char *type;
    struct buf headers; /* whole lines, beyond the usual ones */
    struct buf body;
};

/* How the bytes of an answer leave. */
enum mock_after { MOCK_KEEP, MOCK_CLOSE, MOCK_RESET };
enum mock_framing { MOCK_LENGTH, MOCK_CHUNKED, MOCK_UNTIL_CLOSE };

struct mock_plan {
    struct buf bytes;
    enum mock_after after;
    int64_t delay_ms;
    int64_t drip_ms, drip_bytes;
    bool silent; /* nothing is ever sent */
};

/* A query parameter, percent-decoded; names are compared decoded. False if it is not there. */
bool mock_query(const struct mock_request *request, const char *name, struct str *ret_value);
int64_t mock_query_int(const struct mock_request *request, const char *name, int64_t otherwise);
/* Value of a header (lower case name), or STR_NONE. */
struct str mock_header(const struct mock_request *request, const char *name);
/* The request's target with one parameter set to another value. */
struct str mock_target_with(const struct mock_request *request, const char *name,
                            int64_t value);

/* Fill the reply and return true if the path is theirs. */
bool mock_gen(const struct mock_request *request, struct mock_reply *reply);
bool mock_pages(const struct mock_request *request, struct mock_reply *reply);
bool mock_random(const struct mock_request *request, struct mock_reply *reply);
bool mock_token(const struct mock_request *request, struct mock_reply *reply);
/* False: it is refused. Else what is behind the guard is asked for from now on. */
bool mock_guard(struct mock_request *request, struct mock_reply *reply);
bool mock_digest_guard(struct mock_request *request, struct mock_reply *reply);
void mock_token_control(const struct mock_request *request, struct mock_reply *reply);
void mock_token_reset(void);
void mock_pages_reset(void);

void mock_put_json(struct buf *buf, const json_t *value);
/* Appends `count` elements of a JSON list, from `start` on, as a list. */
void mock_put_slice(struct buf *buf, const json_t *list, int64_t start, int64_t count);
/* One `Link` header of `rel` → page `page` of the same target. */
void mock_put_link(const struct mock_request *request, struct mock_reply *reply,
                   const char *rel, int64_t page);

struct mock_script;
struct mock_script *mock_script_new(const char *text);
void mock_script_free(struct mock_script *script);
void mock_script_log(struct mock_script *script, const struct mock_request *request,
                     int active);
/* Answers /_mock/…; false for other paths. */
bool mock_script_control(struct mock_script *script, const struct mock_request *request,
                         struct mock_reply *reply);
bool mock_script_route(struct mock_script *script, const struct mock_request *request,
                       struct mock_reply *reply);
/* Turns the reply into bytes, with the fault that is due, if any. */
void mock_script_plan(struct mock_script *script, const struct mock_request *request,
                      struct mock_reply *reply, struct mock_plan *plan);

/* For the members of routes and faults: "" or `otherwise` where there is none. */
const char *mock_text_of(const json_t *object, const char *key);
int64_t mock_int_of(const json_t *object, const char *key, int64_t otherwise);
/* status, headers and body of a route, an answer or a fault, as far as given. */
void mock_put_answer(const json_t *answer, struct mock_reply *reply);
/* `fault` may be NULL: then the reply leaves as it is. */
void mock_fault(const json_t *fault, const struct mock_request *request,
                struct mock_reply *reply, struct mock_plan *plan);
void mock_compose(const struct mock_request *request, const struct mock_reply *reply,
                  enum mock_framing framing, struct buf *bytes);

enum { MOCK_BYTES_MAX = 1 << 30 };

#endif
