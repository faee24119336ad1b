#include "scheduler/reload_message.h"

#include "port/json.h"
#include "tests/fuzz/targets.h"

static const struct redis_reply *text_reply(struct arena *arena, struct str text)
{
    struct redis_reply *reply = ARENA_NEW(arena, struct redis_reply);
    *reply = (struct redis_reply){.type = REDIS_STRING, .text = text};
    return reply;
}

static struct redis_reply read_pairs(struct arena *arena, struct str text)
{
    const struct redis_reply **items = NULL;
    size_t count = 0, capacity = 0;
    while (text.len) {
        struct str line, name, value;
        text = str_split(text, '\n', &line);
        value = str_split(line, ' ', &name);
        ARENA_GROW(arena, items, count, capacity);
        items[count++] = text_reply(arena, name);
        ARENA_GROW(arena, items, count, capacity);
        items[count++] = text_reply(arena, value);
    }
    return (struct redis_reply){.type = REDIS_ARRAY, .items = items, .count = count};
}

/* PostgreSQL sees every field as it was sent. */
static void check_fields(const struct redis_reply *pairs, const struct reload_message *message)
{
    AUTO_JSON struct json *json = NULL;
    struct err err = ERR_INIT;
    FUZZ_CHECK(json_parse(message->fields, &json, &err), "%s", err.text);
    for (size_t i = 0; i + 1 < pairs->count; i += 2) {
        char name[4200];
        snprintf(name, sizeof name, "%.*s", STR_ARG(pairs->items[i]->text));
        FUZZ_CHECK(str_eq(json_get_str(json, name), pairs->items[i + 1]->text), "%s", name);
    }
}

void fuzz_messages(struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct redis_reply pairs = read_pairs(arena, text);
    struct reload_message message;
    struct str refusal = STR_NONE;
    if (reload_message_read(arena, STR("1-1"), &pairs, &message, &refusal))
        check_fields(&pairs, &message);
    else
        FUZZ_CHECK(refusal.len && message.id.len, "%zu", pairs.count);
}
