#include "tests/support/mock_server.h"
#include "tests/support/random_api.h"

/* Random APIs (random_api.h) over HTTP: /random/SEED. */
bool mock_random(const struct mock_request *request, struct mock_reply *reply)
{
    static int64_t nth; /* of the process: volatile fields only have to change */
    struct str root = STR("/random/");
    struct random_api api;
    int64_t seed;
    if (!str_starts(request->path, root) ||
        !str_to_int64(str_slice(request->path, root.len, request->path.len), &seed))
        return false;
    random_api_make(&api, (uint64_t)seed);
    struct random_answer answer =
        random_api_answer(&api, request->arena, request->query, ++nth);
    reply->status = answer.status;
    buf_put(&reply->headers, answer.headers);
    buf_put(&reply->body, answer.body);
    return true;
}
