#include "port/redis_reply.h"

#include <hiredis/hiredis.h>

#include "base/mem.h"

enum { ITEMS_MAX = 1 << 20 };

/* What the reader builds, in the arena that its privdata is. */
struct node {
    struct redis_reply reply;
    bool is_error;
    const struct redis_reply **items; /* reply.items, while they are being put */
};

static void *node_new(const redisReadTask *task, enum redis_type type)
{
    struct node *node = ARENA_NEW((struct arena *)task->privdata, struct node);
    node->reply.type = type;
    if (task->parent)
        ((struct node *)task->parent->obj)->items[task->idx] = &node->reply;
    return node;
}

static void *on_string(const redisReadTask *task, char *text, size_t len)
{
    bool is_text = task->type == REDIS_REPLY_STRING;
    struct node *node = node_new(task, is_text ? REDIS_STRING : REDIS_STATUS);
    node->reply.text = arena_str(task->privdata, (struct str){text, len});
    node->is_error = task->type == REDIS_REPLY_ERROR;
    return node;
}

/* NULL (the reader then gives up) for a length that the far side only claims. */
static void *on_array(const redisReadTask *task, int count)
{
    if (count < 0 || count > ITEMS_MAX)
        return NULL;
    struct node *node = node_new(task, REDIS_ARRAY);
    node->items = ARENA_ARRAY((struct arena *)task->privdata, const struct redis_reply *,
                              (size_t)count + 1);
    node->reply.items = node->items;
    node->reply.count = (size_t)count;
    return node;
}

static void *on_integer(const redisReadTask *task, long long number)
{
    struct node *node = node_new(task, REDIS_INTEGER);
    node->reply.integer = number;
    return node;
}

static void *on_nil(const redisReadTask *task)
{
    return node_new(task, REDIS_NIL);
}

static void on_free(void *node)
{
    (void)node; /* the arena's */
}

struct redisReader *redis_reply_reader(struct arena *arena)
{
    static redisReplyObjectFunctions makers = {on_string, on_array, on_integer, on_nil,
                                               on_free};
    redisReader *reader = mem_checked(redisReaderCreateWithFunctions(&makers));
    reader->privdata = arena;
    return reader;
}

/* What an error reply lets the caller do. */
static enum err_kind error_kind(struct str text)
{
    static const struct {
        const char *word;
        enum err_kind kind;
    } known[] = {
        {"LOADING", ERR_AGAIN},    {"MISCONF", ERR_AGAIN},    {"OOM", ERR_AGAIN},
        {"READONLY", ERR_AGAIN},   {"BUSY", ERR_AGAIN},       {"TRYAGAIN", ERR_AGAIN},
        {"MASTERDOWN", ERR_AGAIN}, {"NOREPLICAS", ERR_AGAIN}, {"UNBLOCKED", ERR_AGAIN},
        {"WRONGPASS", ERR_CONFIG}, {"NOAUTH", ERR_CONFIG},    {"NOPERM", ERR_CONFIG},
        {"DENIED", ERR_CONFIG},
    };
    struct str word;
    str_split(text, ' ', &word);
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (str_is(word, known[i].word))
            return known[i].kind;
    bool is_full = str_starts(text, STR("ERR max number of clients"));
    return is_full ? ERR_AGAIN : ERR_INPUT;
}

const struct redis_reply *redis_reply_open(const void *object, struct err *ret_err)
{
    const struct node *node = object;
    if (!node->is_error)
        return &node->reply;
    struct str text = node->reply.text;
    err_set(ret_err, error_kind(text), "redis", REDIS_REFUSED, "%.*s", STR_ARG(text));
    return NULL;
}

const struct redis_reply *redis_reply_find(const struct redis_reply *list, struct str name)
{
    for (size_t i = 0; i + 1 < list->count; i += 2)
        if (str_eq(list->items[i]->text, name))
            return list->items[i + 1];
    return NULL;
}
