#include "config/shorthand.h"

#include "config/graphql.h"

static struct yaml_node *new_member(struct arena *arena, const struct yaml_node *map,
                                    const char *key, enum yaml_kind kind, struct str text)
{
    struct yaml_node *member = ARENA_NEW(arena, struct yaml_node);
    *member = *map;
    member->kind = kind;
    member->text = text;
    member->items = NULL;
    member->count = 0;
    member->parent = map;
    member->key = str_from(key);
    return member;
}

/* A map in the place of a scalar, with room for `count` members. */
static struct yaml_node *map_in_place(struct arena *arena, const struct yaml_node *scalar,
                                      size_t count)
{
    struct yaml_node *map = ARENA_NEW(arena, struct yaml_node);
    *map = *scalar;
    map->kind = YAML_MAP;
    map->text = STR_NONE;
    map->items = ARENA_ARRAY(arena, struct yaml_node *, count);
    map->count = count;
    return map;
}

static struct yaml_node *map_of_one(struct arena *arena, const struct yaml_node *scalar,
                                    const char *key)
{
    struct yaml_node *map = map_in_place(arena, scalar, 1);
    map->items[0] = new_member(arena, map, key, scalar->kind, scalar->text);
    return map;
}

/* --- rate_limit --- */

static const struct {
    const char *word, *duration;
} units[] = {
    {"s", "1s"},      {"sec", "1s"}, {"second", "1s"}, {"m", "1m"}, {"min", "1m"},
    {"minute", "1m"}, {"h", "1h"},   {"hour", "1h"},   {"d", "1d"}, {"day", "1d"},
};

/* A unit's word, or a duration, which the key's own reader checks. Empty for anything else. */
static struct str per_text(struct str text)
{
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (str_is(text, units[i].word))
            return str_from(units[i].duration);
    return text.len && text.ptr[0] >= '0' && text.ptr[0] <= '9' ? text : STR_NONE;
}

static struct yaml_node *write_out_limit(struct reader *reader, struct yaml_node *node)
{
    struct str requests;
    struct str per = per_text(str_trim(str_split(node->text, '/', &requests)));
    requests = str_trim(requests);
    if (!per.len || !requests.len) {
        problem_add(reader->problems, node,
                    "write 10/s, 600/min or {requests: 10, per: 1s}, not \"%.*s\"",
                    STR_ARG(node->text));
        node->kind = YAML_NULL;
        return node;
    }
    struct yaml_node *map = map_in_place(reader->arena, node, 2);
    map->items[0] = new_member(reader->arena, map, "requests", YAML_NUMBER, requests);
    map->items[1] = new_member(reader->arena, map, "per", YAML_STRING, per);
    map->items[1]->index = 1;
    return map;
}

/* --- bookmark --- */

/* `from_response` is a token's: the stored form says so, because PostgreSQL reads it. */
static struct yaml_node *write_out_token(struct arena *arena, struct yaml_node *node)
{
    if (node->kind != YAML_MAP || !yaml_find(node, "from_response") || yaml_find(node, "type"))
        return node;
    struct yaml_node *map = map_in_place(arena, node, node->count + 1);
    memcpy(map->items, node->items, node->count * sizeof *map->items);
    map->items[node->count] = new_member(arena, map, "type", YAML_STRING, STR("token"));
    map->items[node->count]->index = node->count;
    return map;
}

/* --- all of them --- */

static bool is_text(const struct yaml_node *node)
{
    return node->kind == YAML_STRING || node->kind == YAML_NUMBER;
}

/* A mode of `columns` is a word as well: only the members of a map are types. */
static void write_out_columns(struct arena *arena, struct yaml_node *node)
{
    for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++)
        if (is_text(node->items[i]))
            node->items[i] = map_of_one(arena, node->items[i], "type");
}

static void write_out_limits(struct reader *reader, struct yaml_node **item)
{
    struct yaml_node *node = *item;
    if (is_text(node))
        *item = write_out_limit(reader, node);
    for (size_t i = 0; node->kind == YAML_LIST && i < node->count; i++)
        if (is_text(node->items[i]))
            node->items[i] = write_out_limit(reader, node->items[i]);
}

/* `total: {request: HEAD, …}` of a pagination, or of one below `loop`. */
static void write_out_count(struct arena *arena, const struct yaml_node *map)
{
    const struct yaml_node *below = map->kind == YAML_MAP ? yaml_find(map, "pagination") : NULL;
    const struct yaml_node *pagination = below ? below : map;
    struct yaml_node *total =
        pagination->kind == YAML_MAP ? yaml_find(pagination, "total") : NULL;
    for (size_t i = 0; total && total->kind == YAML_MAP && i < total->count; i++)
        if (str_is(total->items[i]->key, "request") && is_text(total->items[i]))
            total->items[i] = map_of_one(arena, total->items[i], "method");
}

/* A key of a table, which a stream and each of its `tables` have alike. */
static void write_out_table(struct arena *arena, struct yaml_node **item)
{
    if (str_is((*item)->key, "columns"))
        write_out_columns(arena, *item);
    else if (str_is((*item)->key, "partition_by") && is_text(*item))
        *item = map_of_one(arena, *item, "range");
}

static void write_out_tables(struct reader *reader, const struct yaml_node *tables)
{
    for (size_t i = 0; tables->kind == YAML_MAP && i < tables->count; i++) {
        struct yaml_node *table = tables->items[i];
        for (size_t j = 0; table->kind == YAML_MAP && j < table->count; j++)
            write_out_table(reader->arena, &table->items[j]);
    }
}

void shorthand_write_out(struct reader *reader, struct yaml_node *map)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
        struct yaml_node **item = &map->items[i];
        struct str key = (*item)->key;
        write_out_table(reader->arena, item);
        if (str_is(key, "tables"))
            write_out_tables(reader, *item);
        else if (str_is(key, "rate_limit"))
            write_out_limits(reader, item);
        else if (str_is(key, "pagination") || str_is(key, "loop"))
            write_out_count(reader->arena, *item);
        else if (str_is(key, "bookmark") && is_text(*item))
            *item = map_of_one(reader->arena, *item, "path");
        else if (str_is(key, "bookmark"))
            *item = write_out_token(reader->arena, *item);
        else if (str_is(key, "window") && is_text(*item))
            *item = map_of_one(reader->arena, *item, "size");
        else if (str_is(key, "timeouts") && is_text(*item))
            *item = map_of_one(reader->arena, *item, "total");
    }
}

void shorthand_write_out_file(struct reader *reader, struct yaml_node *root)
{
    const struct yaml_node *streams = yaml_find(root, "streams");
    shorthand_write_out(reader, root);
    shorthand_write_out(reader, yaml_find(root, "defaults"));
    for (size_t i = 0; streams && i < streams->count; i++)
        shorthand_write_out(reader, streams->items[i]);
}

const char *shorthand_schema(const char *key)
{
    static const char *const texts[] = {"bookmark", "timeouts", "columns", "window",
                                        "partition_by"};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (!strcmp(key, texts[i]))
            return "{\"type\":[\"string\",\"number\"]}";
    if (!strcmp(key, "pagination"))
        return graphql_pagination_schema();
    if (!strcmp(key, "request"))
        return "{\"enum\":[\"HEAD\"]}";
    if (!strcmp(key, "rate_limit"))
        return "{\"type\":\"string\",\"pattern\":\"^[0-9]+ */ *[0-9a-z.]+$\"}";
    return NULL;
}
