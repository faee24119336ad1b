#include "core/xml_json.h"

#include "base/json_out.h"
#include "port/hash.h"
#include "port/xml.h"

/*
 * The elements that are open, and those in them that have ended, are a tree. An element at the
 * end of the path is written when it ends, into `done`, and its own tree is forgotten; elements
 * of one list that follow each other share a node. At the end the rest of the tree is written,
 * with those pieces in their places.
 */
/* JSON is shorter than the text as a rule: the room that it begins with, so that it seldom
 * grows; and what is seldom more, around the records. */
enum { FIRST_BYTES_MAX = KIB(768), REST_BYTES = KIB(4) };

struct name {
    struct str text;
    struct str member; /* as it begins a member: "text": */
    size_t group;      /* the last one that it was put into */
    struct node *last; /* of that group */
};

struct node {
    struct name *name;
    struct node *first, *last, *next;
    struct node *same; /* the next child of that name */
    bool is_in_group;  /* it is some other's `same` */
    bool is_list;      /* even if it is alone */
    bool is_null;      /* xsi:nil */
    bool is_done;      /* written: `from` to `to` of `done` */
    uint64_t may_lack; /* a child at the end of these ways */
    size_t from, to;
    char *text;
    size_t text_len, text_capacity;
};

struct open_element {
    struct node *node;
    uint64_t on_ways; /* it and all around it are steps of these */
};

/* A path, up to the first step that is neither a key nor [*]. */
struct way {
    struct str *keys;
    bool *is_listed; /* of these: a list */
    size_t key_count;
    bool has_end; /* the last of them is the end of the path */
};

struct writing {
    struct xml_json *xml;
    struct way ways[1 + XML_OTHERS_MAX]; /* the path's, and those of the others */
    size_t way_count;
    struct arena *arena, *scratch;
    struct name **slots; /* names by hash; a power of two of them */
    size_t name_count, slot_count;
    struct open_element open[XML_DEPTH_MAX + 1]; /* [0] is around the root */
    size_t depth;
    size_t record_depth; /* of the record under way; 0: none is */
    size_t record_from;
    struct node *before_record; /* in the element around it */
    size_t group;               /* how many were made */
    size_t held;                /* nodes of the tree */
    size_t held_before_record;
    struct buf done;
    struct buf *json;
    const char *problem;
};

/* --- names --- */

static void grow_names(struct writing *writing)
{
    size_t old_count = writing->slot_count;
    struct name **old = writing->slots;
    writing->slot_count = old_count ? 2 * old_count : 64;
    writing->slots = ARENA_ARRAY(writing->arena, struct name *, writing->slot_count);
    for (size_t i = 0; i < old_count; i++) {
        if (!old[i])
            continue;
        size_t at = hash_for_table(old[i]->text) & (writing->slot_count - 1);
        while (writing->slots[at])
            at = (at + 1) & (writing->slot_count - 1);
        writing->slots[at] = old[i];
    }
}

static struct name *new_name(struct writing *writing, struct str text)
{
    AUTO_BUF(member, SIZE_MAX / 2);
    struct name *name = ARENA_NEW(writing->arena, struct name);
    json_out_quote(&member, text);
    buf_put_byte(&member, ':');
    name->text = arena_str(writing->arena, text);
    name->member = arena_str(writing->arena, buf_str(&member));
    writing->name_count++;
    return name;
}

static struct name *find_name(struct writing *writing, struct str text)
{
    if (2 * writing->name_count >= writing->slot_count)
        grow_names(writing);
    size_t at = hash_for_table(text) & (writing->slot_count - 1);
    while (writing->slots[at] && !str_eq(writing->slots[at]->text, text))
        at = (at + 1) & (writing->slot_count - 1);
    if (!writing->slots[at])
        writing->slots[at] = new_name(writing, text);
    return writing->slots[at];
}

static struct str without_prefix(const struct writing *writing, struct str name)
{
    ptrdiff_t colon = writing->xml->keeps_prefixes ? -1 : str_find_byte(name, ':');
    return str_slice(name, (size_t)(colon + 1), name.len);
}

/* --- the tree --- */

static struct arena *arena_of(const struct writing *writing)
{
    return writing->record_depth ? writing->scratch : writing->arena;
}

static struct node *append(struct node *parent, struct arena *arena, struct name *name)
{
    struct node *node = ARENA_NEW(arena, struct node);
    node->name = name;
    *(parent->last ? &parent->last->next : &parent->first) = node;
    parent->last = node;
    return node;
}

static struct node *add_node(struct writing *writing, struct str name)
{
    writing->held++;
    return append(writing->open[writing->depth].node, arena_of(writing),
                  find_name(writing, name));
}

static void add_text(struct writing *writing, struct node *node, struct str text)
{
    if (!text.len)
        return;
    if (node->text_capacity - node->text_len < text.len) {
        size_t capacity = 2 * (node->text_len + text.len);
        char *bigger = arena_alloc(arena_of(writing), capacity);
        if (node->text_len)
            memcpy(bigger, node->text, node->text_len);
        node->text = bigger;
        node->text_capacity = capacity;
    }
    memcpy(node->text + node->text_len, text.ptr, text.len);
    node->text_len += text.len;
}

static void add_attributes(struct writing *writing, struct node *node,
                           const char *const *attributes)
{
    for (; *attributes; attributes += 2) {
        struct str name = str_from(attributes[0]), value = str_from(attributes[1]);
        bool is_binding = str_is(name, "xmlns") || str_starts(name, STR("xmlns:"));
        if (is_binding && !writing->xml->keeps_prefixes)
            continue;
        if (str_is(name, "xsi:nil") && (str_is(value, "true") || str_is(value, "1")))
            node->is_null = true;
        struct str own =
            arena_printf(arena_of(writing), "@%.*s", STR_ARG(without_prefix(writing, name)));
        struct node *attribute = add_node(writing, own);
        add_text(writing, attribute, value);
    }
}

/* The ways of which the element that begins is the next step. */
static uint64_t next_step_of(const struct writing *writing, struct str name)
{
    uint64_t on = writing->open[writing->depth].on_ways, next = 0;
    for (size_t i = 0; on && i < writing->way_count; i++)
        if (on >> i & 1 && writing->depth < writing->ways[i].key_count &&
            str_eq(name, writing->ways[i].keys[writing->depth]))
            next |= (uint64_t)1 << i;
    return next;
}

/* What the ways say of the element, whose step is `step` of each of them. */
static void note_ways(const struct writing *writing, struct node *node, uint64_t on,
                      size_t step)
{
    for (size_t i = 0; on && i < writing->way_count; i++) {
        const struct way *way = &writing->ways[i];
        if (!(on >> i & 1))
            continue;
        node->is_list |= way->is_listed[step];
        if (way->has_end && step + 2 == way->key_count)
            node->may_lack |= (uint64_t)1 << i;
    }
}

static void begin_record(struct writing *writing, const struct xml_place *place)
{
    writing->record_depth = writing->depth + 1;
    writing->record_from = xml_from(place);
    writing->held_before_record = writing->held;
    writing->before_record = writing->open[writing->depth].node->last;
}

/* What the time depends on: nothing else has its turn until the text is read. NULL: nothing. */
static const char *what_is_too_much(const struct writing *writing)
{
    if (writing->depth == XML_DEPTH_MAX)
        return "elements nested deeper than 500";
    if (writing->held > XML_HELD_MAX)
        return "more than 1,000,000 elements and attributes in one record, or outside of "
               "records "
               "(`merge_path` names those)";
    if (writing->name_count > XML_NAMES_MAX)
        return "more than 65,536 names of elements and attributes";
    return writing->xml->record_count > XML_RECORDS_MAX
               ? "more than 1,000,000 records in one page"
               : NULL;
}

static bool on_start(void *ctx, struct str name, const char *const *attributes,
                     const struct xml_place *place)
{
    struct writing *writing = ctx;
    size_t step = writing->depth;
    writing->problem = what_is_too_much(writing);
    if (writing->problem)
        return false;
    name = without_prefix(writing, name);
    uint64_t on = next_step_of(writing, name);
    if (on & 1 && writing->ways[0].has_end && step + 1 == writing->ways[0].key_count)
        begin_record(writing, place);
    struct node *node = add_node(writing, name);
    note_ways(writing, node, on, step);
    writing->open[++writing->depth] = (struct open_element){node, on};
    add_attributes(writing, node, attributes);
    return true;
}

static bool on_text(void *ctx, struct str text)
{
    struct writing *writing = ctx;
    add_text(writing, writing->open[writing->depth].node, text);
    return true;
}

/* --- JSON --- */

static void group_children(struct writing *writing, struct node *node)
{
    size_t group = ++writing->group;
    for (struct node *child = node->first; child; child = child->next) {
        struct name *name = child->name;
        child->is_in_group = name->group == group;
        if (child->is_in_group)
            name->last->same = child;
        name->group = group;
        name->last = child;
    }
}

static void put_comma(struct writing *writing, bool *is_first)
{
    if (!*is_first)
        buf_put_byte(writing->json, ',');
    *is_first = false;
}

static struct str text_of(const struct node *node)
{
    return (struct str){node->text, node->text_len};
}

static void put_node(struct writing *writing, struct node *node);

static void put_group(struct writing *writing, struct node *head)
{
    bool is_list = head->is_list || head->same;
    if (is_list)
        buf_put_byte(writing->json, '[');
    for (struct node *one = head; one; one = one->same) {
        put_node(writing, one);
        if (one->same)
            buf_put_byte(writing->json, ',');
    }
    if (is_list)
        buf_put_byte(writing->json, ']');
}

static struct str last_key(const struct writing *writing, size_t way)
{
    return writing->ways[way].keys[writing->ways[way].key_count - 1];
}

static bool has_child(const struct node *node, struct str key)
{
    for (const struct node *child = node->first; child; child = child->next)
        if (str_eq(child->name->text, key))
            return true;
    return false;
}

/* Of two ways with one end the list is put once. */
static bool is_put(const struct writing *writing, const struct node *node, size_t way)
{
    for (size_t i = 0; i < way; i++)
        if (node->may_lack >> i & 1 && str_eq(last_key(writing, i), last_key(writing, way)))
            return true;
    return false;
}

static void put_lacking(struct writing *writing, const struct node *node, bool *is_first)
{
    for (size_t i = 0; node->may_lack && i < writing->way_count; i++) {
        if (!(node->may_lack >> i & 1) || has_child(node, last_key(writing, i)) ||
            is_put(writing, node, i))
            continue;
        put_comma(writing, is_first);
        json_out_quote(writing->json, last_key(writing, i));
        buf_puts(writing->json, ":[]");
    }
}

static void put_object(struct writing *writing, struct node *node)
{
    bool is_first = true;
    group_children(writing, node);
    buf_put_byte(writing->json, '{');
    for (struct node *child = node->first; child; child = child->next) {
        if (child->is_in_group)
            continue;
        put_comma(writing, &is_first);
        buf_put(writing->json, child->name->member);
        put_group(writing, child);
    }
    if (str_trim(text_of(node)).len) {
        put_comma(writing, &is_first);
        buf_puts(writing->json, "\"#text\":");
        json_out_quote(writing->json, text_of(node));
    }
    put_lacking(writing, node, &is_first);
    buf_put_byte(writing->json, '}');
}

static void put_node(struct writing *writing, struct node *node)
{
    bool is_attribute = node->name && str_starts(node->name->text, STR("@"));
    bool has_text = is_attribute || str_trim(text_of(node)).len;
    if (node->is_done)
        buf_put(writing->json, str_slice(buf_str(&writing->done), node->from, node->to));
    else if (!node->is_null && (node->first || node->may_lack))
        put_object(writing, node);
    else if (!node->is_null && has_text)
        json_out_quote(writing->json, text_of(node));
    else
        buf_puts(writing->json, "null");
}

/* --- records --- */

/* What is written of the list that the record belongs to: it goes on, or it begins here. */
static struct node *find_piece(struct writing *writing, struct node *parent,
                               struct node *record)
{
    struct node *before = writing->before_record;
    *(before ? &before->next : &parent->first) = NULL;
    parent->last = before;
    if (before && before->is_done && before->name == record->name) {
        buf_put_byte(&writing->done, ',');
        return before;
    }
    struct node *piece = append(parent, writing->arena, record->name);
    piece->is_done = piece->is_list = true;
    piece->from = writing->done.len;
    return piece;
}

/* The record is written behind those before it; its tree goes. */
static bool end_record(struct writing *writing, size_t end)
{
    struct xml_json *xml = writing->xml;
    struct node *record = writing->open[writing->depth].node;
    struct node *piece = find_piece(writing, writing->open[writing->depth - 1].node, record);
    struct buf *json = writing->json;
    writing->json = &writing->done;
    put_node(writing, record);
    writing->json = json;
    piece->to = writing->done.len;
    ARENA_GROW(xml->arena, xml->records, xml->record_count, xml->record_capacity);
    xml->records[xml->record_count++] = (struct xml_span){writing->record_from, end};
    arena_reset(writing->scratch);
    writing->held = writing->held_before_record;
    writing->record_depth = 0;
    if (writing->done.has_overflowed)
        writing->problem = "the text becomes too long as JSON";
    return !writing->done.has_overflowed;
}

static bool on_end(void *ctx, const struct xml_place *place)
{
    struct writing *writing = ctx;
    bool is_good =
        writing->record_depth != writing->depth || end_record(writing, xml_to(place));
    writing->depth--;
    return is_good;
}

/* --- the whole --- */

static void read_path(struct writing *writing, const struct path *path)
{
    struct way *way = &writing->ways[writing->way_count];
    writing->open[0].on_ways |= (uint64_t)1 << writing->way_count++;
    way->keys = ARENA_ARRAY(writing->arena, struct str, path->count + 1);
    way->is_listed = ARENA_ARRAY(writing->arena, bool, path->count + 1);
    size_t i = 0;
    for (; i < path->count && path->steps[i].kind == PATH_KEY; i++) {
        way->keys[way->key_count] = path->steps[i].key;
        bool is_each = i + 1 < path->count && path->steps[i + 1].kind == PATH_EACH;
        way->is_listed[way->key_count++] = is_each || i + 1 == path->count;
        i += is_each;
    }
    way->has_end = path->count && i == path->count;
}

bool xml_json_write(struct xml_json *xml, struct str text, struct buf *json, struct err *err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ARENA struct arena *scratch = arena_new();
    struct writing *writing = ARENA_NEW(arena, struct writing);
    struct node top = {.name = NULL};
    const struct xml_handlers handlers = {writing, on_start, on_text, on_end};
    writing->xml = xml;
    writing->arena = arena;
    writing->scratch = scratch;
    writing->json = json;
    writing->open[0] = (struct open_element){&top, 0};
    buf_init(&writing->done, json->max);
    (void)buf_room(&writing->done, MIN(MIN(text.len, json->max), (size_t)FIRST_BYTES_MAX));
    read_path(writing, xml->path);
    for (size_t i = 0; i < MIN(xml->other_count, (size_t)XML_OTHERS_MAX); i++)
        read_path(writing, xml->others[i]);
    bool is_good = xml_parse(text, &handlers, &xml->is_truncated, err);
    if (is_good && buf_room(json, MIN(writing->done.len + REST_BYTES, json->max)))
        put_object(writing, &top);
    else if (writing->problem)
        err_set(err, ERR_INPUT, "xml", 0, "%s", writing->problem);
    if (is_good && json->has_overflowed)
        is_good = err_set(err, ERR_INPUT, "xml", 0, "the text becomes too long as JSON");
    buf_done(&writing->done);
    return is_good;
}
