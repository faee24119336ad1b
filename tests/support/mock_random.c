#include "tests/support/mock_server.h"
#include "tests/support/random_answer.h"

/* Random APIs (random_api.h) over HTTP: /random/SEED, and /random/SEED/count. */
bool mock_random(const struct mock_request *request, struct mock_reply *reply)
{
    static int64_t nth; /* of the process: volatile fields only have to change */
    struct str root = STR("/random/"), digits;
    struct random_api api;
    int64_t seed;
    if (!str_starts(request->path, root))
        return false;
    struct str rest = str_slice(request->path, root.len, request->path.len);
    str_split(rest, '/', &digits);
    if (!str_to_int64(digits, &seed))
        return false;
    rest = str_slice(rest, digits.len, rest.len);
    random_api_make(&api, (uint64_t)seed);
    struct random_answer answer =
        random_answer_make(&api, request->arena, rest, request->query, ++nth);
    reply->status = answer.status;
    buf_put(&reply->headers, answer.headers);
    buf_put(&reply->body, answer.body);
    return true;
}
