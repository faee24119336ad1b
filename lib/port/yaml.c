#include "port/yaml.h"

#include <libfyaml.h>
#include <stdarg.h>

#include "base/mem.h"
#include "port/hash_index.h"

/*
 * A container being filled. A map takes its values in turn with its keys: `key` is the one
 * whose value comes next, and has a place then; where a key is expected it has none.
 */
struct frame {
    struct yaml_node *node;
    size_t capacity;
    struct yaml_node key;
    struct hash_index keys; /* of a map: its values */
};

struct builder {
    struct arena *arena;
    yaml_report_fn report;
    void *ctx;
    struct err *err;
    bool has_failed;

    struct frame stack[YAML_DEPTH_MAX];
    size_t depth;
    struct yaml_node *root;
    int skip;          /* containers open inside a map that is itself a key */
    struct fy_mark at; /* of the last event that had a place */
};

static void complain(struct builder *builder, int line, int column, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

static void complain(struct builder *builder, int line, int column, const char *fmt, ...)
{
    char what[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    if (!builder->has_failed)
        err_set(builder->err, ERR_CONFIG, "yaml", 0, "line %d, column %d: %s", line, column,
                what);
    builder->has_failed = true;
    builder->report(builder->ctx, line, column, what);
}

static size_t digits(struct str text, size_t at)
{
    return str_count_digits(str_slice(text, at, text.len));
}

/* RFC 8259, section 6. */
static bool is_number(struct str text)
{
    size_t at = text.len && text.ptr[0] == '-' ? 1 : 0;
    size_t whole = digits(text, at);
    if (whole == 0 || (whole > 1 && text.ptr[at] == '0'))
        return false;
    at += whole;
    if (at < text.len && text.ptr[at] == '.') {
        size_t fraction = digits(text, at + 1);
        if (fraction == 0)
            return false;
        at += 1 + fraction;
    }
    if (at < text.len && (text.ptr[at] | 0x20) == 'e') {
        at++;
        if (at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-'))
            at++;
        size_t exponent = digits(text, at);
        if (exponent == 0)
            return false;
        at += exponent;
    }
    return at == text.len;
}

static bool is_one_of(struct str text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(text, words[i]))
            return true;
    return false;
}

/* YAML 1.2.2, section 10.3.2, but numbers as JSON has them. */
enum yaml_kind yaml_plain_kind(struct str text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    if (is_one_of(text, nulls, COUNT_OF(nulls)))
        return YAML_NULL;
    if (is_one_of(text, bools, COUNT_OF(bools)))
        return YAML_BOOL;
    return is_number(text) ? YAML_NUMBER : YAML_STRING;
}

static void read_scalar(struct builder *builder, struct fy_token *token, struct yaml_node *node)
{
    size_t len = 0;
    const char *text = token ? fy_token_get_text(token, &len) : NULL;
    mem_check();
    if (token && !text)
        mem_check_room();
    node->text = arena_str(builder->arena, (struct str){text, text ? len : 0});
    node->kind = !token || fy_scalar_token_get_style(token) == FYSS_PLAIN
                     ? yaml_plain_kind(node->text)
                     : YAML_STRING;
}

static void refuse_extras(struct builder *builder, struct fy_event *event,
                          const struct yaml_node *node)
{
    if (event->type == FYET_ALIAS)
        complain(builder, node->line, node->column,
                 "aliases (*name) are not allowed; quote a text that begins with *");
    else if (fy_event_get_anchor_token(event))
        complain(builder, node->line, node->column, "anchors (&name) are not allowed");
    if (event->type != FYET_ALIAS && fy_event_get_tag_token(event))
        complain(builder, node->line, node->column, "tags (!name) are not allowed");
}

static void take_key(struct builder *builder, struct frame *frame, const struct yaml_node *node)
{
    if (str_is(node->text, "<<") && node->kind == YAML_STRING)
        complain(builder, node->line, node->column, "merge keys (<<) are not allowed");
    if (frame->node->count == YAML_KEYS_MAX)
        complain(builder, node->line, node->column, "more than %d keys in a map",
                 YAML_KEYS_MAX);
    const struct yaml_node *other = hash_index_find(&frame->keys, node->text);
    if (other)
        complain(builder, node->line, node->column,
                 "the key \"%.*s\" stands already in line %d", STR_ARG(node->text),
                 other->key_line);
    frame->key = *node;
}

static void add_to_parent(struct builder *builder, struct yaml_node *node)
{
    struct frame *frame = &builder->stack[builder->depth - 1];
    struct yaml_node *parent = frame->node;
    ARENA_GROW(builder->arena, parent->items, parent->count, frame->capacity);
    node->parent = parent;
    node->index = parent->count;
    parent->items[parent->count++] = node;
    if (frame->key.line) {
        node->key = frame->key.text;
        node->key_line = frame->key.line;
        node->key_column = frame->key.column;
        if (!hash_index_find(&frame->keys, node->key))
            hash_index_put(&frame->keys, node->key, node);
        frame->key = (struct yaml_node){0};
    }
}

static bool is_start(const struct fy_event *event)
{
    return event->type == FYET_MAPPING_START || event->type == FYET_SEQUENCE_START;
}

static bool expects_key(const struct builder *builder)
{
    if (builder->depth == 0)
        return false;
    const struct frame *frame = &builder->stack[builder->depth - 1];
    return frame->node->kind == YAML_MAP && !frame->key.line;
}

/* A container where a key should be: nearly always `{{ … }}` that YAML read as two flow
 * maps. */
static void skip_complex_key(struct builder *builder, struct yaml_node *node)
{
    complain(
        builder, node->line, node->column,
        "a map or list cannot be a key; if this is an expression, quote it: \"{{ ... }}\"");
    builder->stack[builder->depth - 1].key =
        (struct yaml_node){.line = node->line, .column = node->column};
    builder->skip = 1;
}

static bool open_container(struct builder *builder, struct yaml_node *node)
{
    if (builder->depth == YAML_DEPTH_MAX) {
        complain(builder, node->line, node->column, "nested more than %d deep", YAML_DEPTH_MAX);
        return false;
    }
    builder->stack[builder->depth++] = (struct frame){.node = node};
    return true;
}

static void close_container(struct builder *builder)
{
    hash_index_done(&builder->stack[--builder->depth].keys);
}

/* libfyaml marks the text inside the quotes and after the `*`. */
static bool is_marked_late(struct fy_event *event)
{
    if (event->type != FYET_SCALAR || !event->scalar.value)
        return event->type == FYET_ALIAS;
    enum fy_scalar_style style = fy_scalar_token_get_style(event->scalar.value);
    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

static bool take_node(struct builder *builder, struct fy_event *event)
{
    bool is_key = expects_key(builder);
    struct yaml_node key = {.line = 0};
    struct yaml_node *node = is_key ? &key : ARENA_NEW(builder->arena, struct yaml_node);
    node->line = builder->at.line + 1;
    node->column = builder->at.column + !is_marked_late(event);
    refuse_extras(builder, event, node);
    if (event->type == FYET_SCALAR)
        read_scalar(builder, event->scalar.value, node);
    else if (is_start(event))
        node->kind = event->type == FYET_MAPPING_START ? YAML_MAP : YAML_LIST;

    if (is_key) {
        if (is_start(event))
            skip_complex_key(builder, node);
        else
            take_key(builder, &builder->stack[builder->depth - 1], node);
        return true;
    }
    if (builder->depth)
        add_to_parent(builder, node);
    else
        builder->root = node;
    return !is_start(event) || open_container(builder, node);
}

static bool is_end(const struct fy_event *event)
{
    return event->type == FYET_MAPPING_END || event->type == FYET_SEQUENCE_END;
}

/* False where reading on makes no sense. */
static bool take_event(struct builder *builder, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark)
        builder->at = *mark;
    if (builder->skip) {
        builder->skip += is_start(event) - is_end(event);
        return true;
    }
    if (is_end(event)) {
        close_container(builder);
        return true;
    }
    if (is_start(event) || event->type == FYET_SCALAR || event->type == FYET_ALIAS)
        return take_node(builder, event);
    if (event->type == FYET_DOCUMENT_START && builder->root) {
        complain(builder, builder->at.line + 1, builder->at.column + 1,
                 "more than one document in a file");
        return false;
    }
    return true;
}

/* What is most often behind it. */
static const char *syntax_advice(const char *msg)
{
    static const struct {
        const char *part, *advice;
    } advices[] = {
        {"alias", "; quote a text that begins with *"},
        {"multiline plain key",
         "; is the indentation right, and a blank behind the colon of each key?"},
        {"quoted scalar", "; is a quote left open, or the indentation wrong?"},
    };
    for (size_t i = 0; i < COUNT_OF(advices); i++)
        if (strstr(msg, advices[i].part))
            return advices[i].advice;
    return "";
}

static void report_syntax(struct builder *builder, struct fy_diag *diag)
{
    mem_check_room();
    bool any = false;
    void *place = NULL;
    for (struct fy_diag_error *error; (error = fy_diag_errors_iterate(diag, &place));) {
        complain(builder, MAX(error->line, 1), MAX(error->column, 1), "%s%s", error->msg,
                 syntax_advice(error->msg));
        any = true;
    }
    if (!any)
        complain(builder, builder->at.line + 1, builder->at.column + 1, "not YAML");
}

static void read_events(struct builder *builder, struct fy_parser *parser, struct fy_diag *diag)
{
    bool go_on = true;
    while (go_on) {
        struct fy_event *event = fy_parser_parse(parser);
        mem_check();
        if (!event) {
            report_syntax(builder, diag);
            return;
        }
        go_on = event->type != FYET_STREAM_END && take_event(builder, event);
        fy_parser_event_free(parser, event);
    }
}

/* False for what libfyaml should not see at all. */
static bool check_text(struct builder *builder, struct str text)
{
    if (text.len > YAML_TEXT_MAX_BYTES)
        complain(builder, 1, 1, "longer than %d MiB", YAML_TEXT_MAX_BYTES >> 20);
    else if (!str_is_utf8(text))
        complain(builder, 1, 1, "not UTF-8");
    else if (str_find_byte(text, '\0') >= 0)
        complain(builder, 1, 1, "holds a NUL byte");
    return !builder->has_failed;
}

static void read_text(struct builder *builder, struct str text)
{
    mem_check_room(); /* libfyaml's own functions go on where there is none */
    mem_watch();
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    struct fy_diag *diag = mem_checked(fy_diag_create(&diag_cfg));
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {
        .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
        .diag = diag,
    };
    struct fy_parser *parser = mem_checked(fy_parser_create(&cfg));
    if (fy_parser_set_string(parser, text.len ? text.ptr : "", text.len))
        mem_exhausted();
    mem_check();
    read_events(builder, parser, diag);
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
}

bool yaml_parse(struct arena *arena, struct str text, yaml_report_fn report, void *ctx,
                struct yaml_node **ret_root, struct err *err)
{
    struct builder builder = {.arena = arena, .report = report, .ctx = ctx, .err = err};
    if (check_text(&builder, text))
        read_text(&builder, text);
    while (builder.depth) /* where reading broke off */
        close_container(&builder);
    if (builder.has_failed)
        return false;
    if (!builder.root) {
        builder.root = ARENA_NEW(arena, struct yaml_node);
        builder.root->line = builder.root->column = 1;
    }
    *ret_root = builder.root;
    return true;
}

struct yaml_node *yaml_find(const struct yaml_node *map, const char *key)
{
    if (map->kind != YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (str_is(map->items[i]->key, key))
            return map->items[i];
    return NULL;
}

const char *yaml_kind_name(enum yaml_kind kind)
{
    static const char *const names[] = {"null",     "a boolean", "a number",
                                        "a string", "a list",    "a map"};
    return names[kind];
}
