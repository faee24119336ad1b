#include "config/limits.h"

#include "config/node.h"

/* Keys are laid out by hand. */
/* clang-format off */
static const struct choice scopes[] = {CHOICE("source", 0), CHOICE("stream", 1), CHOICE_END};

#define L(member) AT(struct rate_limit, member)
static const struct key rate_limit_list[] = {
    {.name = "requests", .type = KEY_COUNT, L(requests), .min = 1, .max = 1000000,
     .help = "requests in each `per`"},
    {.name = "per", .type = KEY_DURATION, L(per_ms), .min = 1, .fallback = "1s",
     .help = "the time that `requests` are for"},
    {.name = "burst", .type = KEY_COUNT, L(burst), .min = 1, .max = 1000000,
     .fallback = "1", .help = "requests that may start at once after a rest"},
    {.name = "concurrency", .type = KEY_COUNT, L(concurrency), .min = 1,
     .help = "requests in flight at once"},
    {.name = "scope", .type = KEY_SWITCH, L(is_per_stream), .choices = scopes,
     .fallback = "source", .help = "who shares it; `stream` where a stream has its own"},
    {.name = "remaining", .type = KEY_LOCATOR, .flags = KEY_ON_ANSWER, L(remaining),
     .help = "where an answer says how many requests are left"},
    {.name = "reset", .type = KEY_LOCATOR, .flags = KEY_ON_ANSWER, L(reset),
     .help = "where an answer says when there are more again"},
    KEY_END,
};
/* clang-format on */

const struct keys rate_limit_keys = {rate_limit_list, sizeof(struct rate_limit)};

static void check_limit(struct reader *reader, const struct yaml_node *node,
                        const struct rate_limit *limit)
{
    bool reads = limit->remaining.kind != LOCATOR_NONE || limit->reset.kind != LOCATOR_NONE;
    if (node->kind != YAML_MAP)
        return;
    if (!limit->requests && !limit->concurrency && !reads && !yaml_find(node, "requests"))
        problem_add(reader->problems, node,
                    "needs \"requests\", \"concurrency\", or \"remaining\" and \"reset\"");
    if (limit->remaining.kind != LOCATOR_NONE && limit->reset.kind == LOCATOR_NONE)
        problem_add(reader->problems, node, "\"remaining\" needs \"reset\"");
}

/* A host, or host:port. */
static bool is_host(struct str text)
{
    struct str host;
    struct str port = str_split(text, ':', &host);
    int64_t number = 1;
    if (text.len && text.ptr[0] == '[') {
        ptrdiff_t end = str_find_byte(text, ']');
        if (end < 0)
            return false;
        host = str_slice(text, 1, (size_t)end);
        port = str_slice(text, (size_t)end + 1, text.len);
        if (port.len && port.ptr[0] != ':')
            return false;
        port = port.len ? str_slice(port, 1, port.len) : STR_NONE;
    }
    if (port.ptr && (!str_to_int64(port, &number) || number < 1 || number > 65535))
        return false;
    for (size_t i = 0; i < host.len; i++)
        if (strchr("/?#@*{} ", host.ptr[i]))
            return false;
    return host.len > 0;
}

void limits_check(struct reader *reader, const struct yaml_node *map,
                  const struct stream *stream)
{
    const struct yaml_node *limits = yaml_find(map, "rate_limit"),
                           *hosts = yaml_find(map, "allow_hosts");
    if (limits && stream->rate_limit_count > RATE_LIMITS_MAX)
        problem_add(reader->problems, limits, "holds more than %d limits", RATE_LIMITS_MAX);
    for (size_t i = 0; limits && i < stream->rate_limit_count; i++)
        check_limit(reader, node_item(limits, i), &stream->rate_limits[i]);
    for (size_t i = 0; hosts && i < stream->allow_host_count; i++)
        if (!is_host(stream->allow_hosts[i]))
            problem_add(reader->problems, node_item(hosts, i),
                        "\"%.*s\" is no host: write api.example.com or api.example.com:8443",
                        STR_ARG(stream->allow_hosts[i]));
}
