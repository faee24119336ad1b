#include "port/http_answer.h"

#include <assert.h>

const struct http_header *http_header_find(const struct http_answer *answer, struct str name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (str_eq(answer->headers[i].name, name))
            return &answer->headers[i];
    return NULL;
}

struct http_header *http_copy_headers(const struct http_answer *answer, struct arena *arena)
{
    struct http_header *headers = ARENA_ARRAY(arena, struct http_header, answer->header_count);
    for (size_t i = 0; i < answer->header_count; i++)
        headers[i] = (struct http_header){arena_str(arena, answer->headers[i].name),
                                          arena_str(arena, answer->headers[i].value)};
    return headers;
}

void http_take_body(const struct http_answer *answer, struct buf *ret_body)
{
    assert(answer->storage->len == answer->body.len); /* not taken before */
    *ret_body = *answer->storage;
    buf_init(answer->storage, answer->storage->max);
}
