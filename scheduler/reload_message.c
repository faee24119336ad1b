#include "scheduler/reload_message.h"

#include "port/json.h"

/* PostgreSQL's jsonb cannot hold a NUL. */
static bool is_text(const struct redis_reply *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        struct str text = pairs->items[i]->text;
        if (!str_is_utf8(text) || (text.len && memchr(text.ptr, '\0', text.len)))
            return false;
    }
    return true;
}

static size_t count_bytes(const struct redis_reply *pairs)
{
    size_t bytes = 0;
    for (size_t i = 0; i < pairs->count; i++)
        bytes += pairs->items[i]->text.len;
    return bytes;
}

static bool has_duplicates(const struct redis_reply *pairs)
{
    for (size_t i = 0; i + 1 < pairs->count; i += 2)
        if (redis_reply_find(pairs, pairs->items[i]->text) != pairs->items[i + 1])
            return true;
    return false;
}

static struct str format_fields(struct arena *arena, const struct redis_reply *pairs)
{
    AUTO_JSON struct json *json = json_new();
    for (size_t i = 0; i + 1 < pairs->count; i += 2)
        json_set_str(json, pairs->items[i]->text, pairs->items[i + 1]->text);
    return json_write(json, arena);
}

static bool refuse(struct str *ret_refusal, struct str why)
{
    *ret_refusal = why;
    return false;
}

bool reload_message_read(struct arena *arena, struct str entry, const struct redis_reply *pairs,
                         struct reload_message *ret_message, struct str *ret_refusal)
{
    *ret_message = (struct reload_message){.id = entry};
    if (!is_text(pairs))
        return refuse(ret_refusal, STR("the message is not UTF-8 text"));
    const struct redis_reply *id = redis_reply_find(pairs, STR("id"));
    const struct redis_reply *stream = redis_reply_find(pairs, STR("stream"));
    if (id && !id->text.len)
        return refuse(ret_refusal, STR("the id is empty: leave it out, or name one"));
    if (id)
        ret_message->id = id->text;
    if (count_bytes(pairs) > RELOAD_MESSAGE_BYTES_MAX)
        return refuse(ret_refusal, STR("the message is over 4 KiB"));
    if (has_duplicates(pairs))
        return refuse(ret_refusal, STR("a field is twice in the message"));
    if (!stream)
        return refuse(ret_refusal, STR("the field \"stream\" is missing"));
    ret_message->stream = stream->text;
    ret_message->fields = format_fields(arena, pairs);
    return true;
}
