#include "config/responses.h"

#include "base/units.h"
#include "config/key_expr.h"
#include "config/node.h"

static const struct choice thens[] = {
    CHOICE("retry", RESPONSE_RETRY), CHOICE("fail", RESPONSE_FAIL),
    CHOICE("end", RESPONSE_END),     CHOICE("empty", RESPONSE_EMPTY),
    CHOICE("page", RESPONSE_PAGE),   CHOICE("login", RESPONSE_LOGIN),
    CHOICE("reset", RESPONSE_RESET), CHOICE_END,
};

/* 404, or 4xx. */
static bool parse_status(struct str text, struct status_range *ret)
{
    int64_t number;
    if (text.len != 3 || text.ptr[0] < '1' || text.ptr[0] > '5')
        return false;
    if (str_eq_nocase(str_slice(text, 1, 3), STR("xx"))) {
        int first = (text.ptr[0] - '0') * 100;
        *ret = (struct status_range){first, first + 99};
        return true;
    }
    if (!str_to_int64(text, &number))
        return false;
    *ret = (struct status_range){(int)number, (int)number};
    return true;
}

static void read_status(struct reader *reader, const struct key *key,
                        const struct yaml_node *node, void *target)
{
    struct response_rule *rule = key_at(key, target);
    size_t count = node_count(node);
    rule->statuses = ARENA_ARRAY(reader->arena, struct status_range, MAX(count, 1));
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = node_item(node, i);
        if (yaml_is_scalar(item) && parse_status(item->text, &rule->statuses[i]))
            rule->status_count++;
        else
            problem_add(reader->problems, item, "must be a status like 404 or 4xx%s",
                        node->kind == YAML_LIST ? "" : ", or a list of them");
    }
    if (!count)
        problem_add(reader->problems, node, "names no status");
}

/* `30s` is a time; anything else says where the answer tells one. */
static void read_wait(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, void *target)
{
    struct response_wait *wait = key_at(key, target);
    struct key locator = *key;
    locator.offset = 0;
    if (!yaml_is_scalar(node) || !units_parse_duration(node->text, &wait->ms))
        key_expr_read_locator(reader, &locator, node, &wait->server_wait);
}

#define R(member) AT(struct response_rule, member)

static const struct key response_list[] = {
    {.name = "status",
     .type = KEY_CUSTOM,
     .offset = 0,
     .read = read_status,
     .help = "404, a list, or 4xx"},
    {.name = "content_type",
     .type = KEY_TEXTS,
     AT_LIST(struct response_rule, content_types, content_type_count),
     .help = "what the header Content-Type says: text/html, text/*, or a list"},
    {.name = "when",
     .type = KEY_TEMPLATE_REF,
     .flags = KEY_ON_ANSWER,
     R(when),
     .help = "an expression; false where it touches something absent"},
    {.name = "then",
     .type = KEY_CHOICE,
     .flags = KEY_REQUIRED,
     R(then),
     .choices = thens,
     .help = "what the answer means"},
    {.name = "wait",
     .type = KEY_CUSTOM,
     .flags = KEY_ON_ANSWER,
     R(wait),
     .read = read_wait,
     .help = "before a retry: a time, or where the answer tells one"},
    {.name = "message",
     .type = KEY_TEMPLATE_REF,
     .flags = KEY_ON_ANSWER,
     R(message),
     .help = "the error text instead of the beginning of the body"},
    KEY_END,
};

const struct keys response_keys = {response_list, sizeof(struct response_rule)};

static void on_use(void *ctx, const struct expr_use *use)
{
    bool *reads = ctx;
    *reads |= str_is(use->root, "response");
}

static bool locator_reads_body(const struct locator *locator)
{
    bool reads = locator->kind == LOCATOR_BODY;
    if (locator->kind == LOCATOR_EXPR)
        template_uses(locator->template, on_use, &reads);
    return reads;
}

static bool rule_reads_body(const struct response_rule *rule)
{
    bool reads = locator_reads_body(&rule->wait.server_wait);
    if (rule->when)
        template_uses(rule->when, on_use, &reads);
    if (rule->message)
        template_uses(rule->message, on_use, &reads);
    return reads;
}

/* RFC 9110, section 8.3.1: two tokens; what follows ';' is not compared. */
static void check_types(struct reader *reader, const struct yaml_node *rule_node,
                        const struct response_rule *rule)
{
    const struct yaml_node *node = yaml_find(rule_node, "content_type");
    if (node && !rule->content_type_count)
        problem_add(reader->problems, node, "names no content type");
    for (size_t i = 0; i < rule->content_type_count; i++) {
        struct str kind, type = rule->content_types[i];
        struct str rest = str_split(type, '/', &kind);
        if (!kind.len || !rest.len || str_find_byte(type, ';') >= 0 ||
            str_find_byte(type, ' ') >= 0 || str_is(kind, "*"))
            problem_add(reader->problems, node,
                        "\"%.*s\" must be a content type like text/html, or text/*",
                        STR_ARG(type));
    }
}

void responses_check(struct reader *reader, const struct yaml_node *map, struct stream *stream)
{
    const struct yaml_node *list = yaml_find(map, "responses");
    for (size_t i = 0; list && i < stream->response_count; i++) {
        struct response_rule *rule = &stream->responses[i];
        const struct yaml_node *node = node_item(list, i), *wait = yaml_find(node, "wait");
        if (!wait || rule->wait.server_wait.kind != LOCATOR_NONE)
            rule->wait.ms = -1;
        rule->reads_body = rule_reads_body(rule);
        if (node->kind != YAML_MAP)
            continue;
        check_types(reader, node, rule);
        if (!rule->status_count && !rule->when && !yaml_find(node, "status") &&
            !yaml_find(node, "content_type"))
            problem_add(reader->problems, node,
                        "needs \"status\", \"content_type\" or \"when\"");
        if (wait && rule->then != RESPONSE_RETRY)
            problem_add(reader->problems, wait, "belongs to \"then: retry\"");
        if (rule->then == RESPONSE_LOGIN && !auth_has_token(&stream->auth))
            problem_add(reader->problems, yaml_find(node, "then"),
                        "login needs an \"auth\" whose token can be fetched again: oauth2 or "
                        "login");
        if (rule->then == RESPONSE_RESET && !table_folds(&stream->table))
            problem_add(
                reader->problems, yaml_find(node, "then"),
                "reset reads records again: it needs \"key\", and write: upsert, replace "
                "or history");
        if (rule->when && rule->when->kind != TEMPLATE_EXPR)
            problem_add(reader->problems, yaml_find(node, "when"),
                        "must be one expression in {{ }}");
    }
}
