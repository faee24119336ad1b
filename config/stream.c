#include "config/stream.h"

bool stream_is_repeatable(const struct stream *stream)
{
    return stream->idempotent ||
           !(str_is(stream->method, "POST") || str_is(stream->method, "PATCH"));
}
