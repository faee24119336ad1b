#include "config/pagination.h"

#include "config/check_request.h"
#include "config/retry_keys.h"

/*
 * Pagination: one list of keys per type. `max_iterations` has another default where the end is
 * recognised by an expression or a guess.
 */
/* Keys are laid out by hand. */
/* clang-format off */
#define P(member) AT(struct stream, pagination.member)

static const struct choice flags[] = {CHOICE("error", -1), CHOICE("false", 0),
                                      CHOICE("true", 1), CHOICE_END};
static const struct choice on_errors[] = {CHOICE("keep", 0), CHOICE("halve", 1), CHOICE_END};
static const struct choice steps[] = {CHOICE("received", 0), CHOICE("size", 1), CHOICE_END};

const struct choice method_choices[] = {
    CHOICE("GET", 0),    CHOICE("POST", 0),   CHOICE("PUT", 0),
    CHOICE("PATCH", 0),  CHOICE("DELETE", 0), CHOICE("QUERY", 0),
    CHOICE("SEARCH", 0), CHOICE("REPORT", 0), CHOICE("PROPFIND", 0),
    CHOICE_END,
};

#define METHOD_ROW                                                                             \
    {.name = "method", .type = KEY_WORD, AT(struct next_page, method), \
     .choices = method_choices, .help = "instead of the stream's; a GET goes without its body"}

static const struct key next_method_list[] = {METHOD_ROW, KEY_END};
static const struct keys next_method_keys = {next_method_list, sizeof(struct next_page)};

#define NEXT_METHOD_ROW                                                                        \
    {.name = "next_page", .type = KEY_STRUCT, P(next_page), .keys = &next_method_keys,         \
     .help = "how the next page is asked for"}

#define TYPE_ROW {.name = "type", .type = KEY_MOVED, .help = "how the next page is found"}

#define MERGE_ROWS                                                                             \
    {.name = "merge_path", .type = KEY_MOVED, .help = "as beside pagination"},               \
    {.name = "merge_strategy", .type = KEY_MOVED, .help = "as beside pagination"}

#define LIMIT_ROWS(iterations)                                                                 \
    {.name = "max_iterations", .type = KEY_COUNT, P(max_iterations), .min = 1,               \
     .fallback = (iterations), .help = "pages after which the job ends as truncated"},         \
    {.name = "max_records", .type = KEY_COUNT, P(max_records), .min = 1,                     \
     .help = "records after which the job ends as truncated"},                                 \
    {.name = "max_time", .type = KEY_DURATION, P(max_time_ms), .min = 1,                     \
     .help = "time after which the job ends as truncated"},                                    \
    {.name = "retry", .type = KEY_STRUCT, P(retry), .keys = &pagination_retry_keys,            \
     .help = "instead of the stream's; 1 attempt, fixed, 1s, no jitter if not said"},          \
    {.name = "allow_repeats", .type = KEY_BOOL, P(allows_repeats), .fallback = "false",       \
     .help = "a page may hold the same records as an earlier one"},                            \
    {.name = "allow_same_request", .type = KEY_BOOL, P(allows_same_request),                   \
     .fallback = "false",                                                                      \
     .help = "a request may be made twice: records that repeat are the only sign of a "        \
             "circle"},                                                                        \
    {.name = "rebase_links", .type = KEY_BOOL, AT(struct stream, rebases_links),               \
     .help = "as beside pagination"}

#define MAX_EMPTY_ROW(most)                                                                    \
    {.name = "max_empty_pages", .type = KEY_COUNT, P(max_empty_pages), .min = 1,              \
     .fallback = (most),                                                                       \
     .help = "pages without records in a row, after which the job is truncated"}

#define EMPTY_ROWS                                                                             \
    {.name = "stop_on_empty", .type = KEY_BOOL, P(stops_on_empty), .fallback = "false",       \
     .help = "a page without records is the last, whatever it names"},                         \
    MAX_EMPTY_ROW("3")

static const struct choice count_methods[] = {CHOICE("GET", 0), CHOICE("HEAD", 0),
                                             CHOICE("POST", 0), CHOICE_END};

static const struct key count_request_list[] = {
    {.name = "method", .type = KEY_WORD, AT(struct count_request, method),
     .choices = count_methods, .fallback = "GET", .help = "HEAD reads headers alone"},
    {.name = "path", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS,
     AT(struct count_request, path),
     .help = "what follows base_url; if absent, that of the list; by HEAD, its first request"},
    {.name = "params", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS,
     AT(struct count_request, params),
     .help = "set over those of the stream; null leaves one out"},
    {.name = "headers", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS,
     AT(struct count_request, headers), .help = "likewise"},
    {.name = "body", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS,
     AT(struct count_request, body), .help = "with POST; if absent, the body of the stream"},
    KEY_END,
};
static const struct keys count_request_keys = {count_request_list,
                                               sizeof(struct count_request)};

static const struct key count_list[] = {
    {.name = "request", .type = KEY_STRUCT, .flags = KEY_REQUIRED, AT(struct count, request),
     .keys = &count_request_keys, .help = "how it is asked for; short: HEAD"},
    {.name = "path", .type = KEY_LOCATOR, .flags = KEY_REQUIRED | KEY_ON_ANSWER,
     AT(struct count, at), .help = "where it is in that answer; \".\": the answer itself"},
    KEY_END,
};
static const struct keys count_keys = {count_list, sizeof(struct count)};

#define COUNT_ROW                                                                              \
    {.name = "total", .type = KEY_STRUCT, P(count), .keys = &count_keys,                       \
     .help = "a request of its own for the number of all records, as a check of the end"}

#define TOTAL_ROW                                                                              \
    {.name = "total_path", .type = KEY_LOCATOR, P(total),                                    \
     .help = "where the number of all records is, as a check of the end"},                    \
    COUNT_ROW

#define FLAG_ROWS                                                                              \
    {.name = "has_more_path", .type = KEY_LOCATOR, P(has_more),                              \
     .help = "where a flag says whether more follows"},                                        \
    {.name = "flag_absent", .type = KEY_CHOICE, P(flag_absent), .choices = flags,              \
     .fallback = "error",                                                                      \
     .help = "what it means that the flag of has_more_path is absent; error: without another " \
             "sign of the end the job fails, with one the end is assumed"}

#define ON_ERROR_ROW                                                                           \
    {.name = "page_size_on_error", .type = KEY_SWITCH, P(halves), .choices = on_errors,        \
     .fallback = "keep",                                                                       \
     .help = "halve: a page that fails by 5xx, 413, a timeout or its size is asked for with "  \
             "half as many records, down to one; after ten good pages with all again"}

#define RESTART_ROW                                                                            \
    {.name = "restart_after", .type = KEY_COUNT, P(restart_after), .min = 1,                   \
     .help = "records; no page is asked for behind them: the paging begins anew at the "       \
             "highest bookmark read, see `ordered`"}

#define STOP_ROWS                                                                              \
    {.name = "total_path", .type = KEY_LOCATOR, P(total),                                    \
     .help = "where the number of all records is"},                                           \
    COUNT_ROW,                                                                                 \
    {.name = "total_pages_path", .type = KEY_LOCATOR, P(total_pages),                        \
     .help = "where the number of all pages is"},                                             \
    FLAG_ROWS,                                                                                 \
    {.name = "stop_on_empty", .type = KEY_BOOL, P(stops_on_empty), .fallback = "true",        \
     .help = "a page without records is the last"},                                            \
    MAX_EMPTY_ROW("100"),                                                                      \
    {.name = "stop_on_short", .type = KEY_BOOL, P(stops_on_short), .fallback = "false",       \
     .help = "a page with fewer records than `size` is the last"},                             \
    {.name = "parallel", .type = KEY_COUNT, P(parallel), .min = 1, .max = 64,                  \
     .fallback = "1", .help = "pages that are asked for at the same time"},                    \
    {.name = "jobs", .type = KEY_COUNT, P(jobs), .min = 1, .max = RANGES_MAX,                  \
     .help = "jobs that share the pages, so that several workers read them at the same time; " \
             "absent: one"}

static const struct key none_list[] = {TYPE_ROW, TOTAL_ROW, LIMIT_ROWS(NULL), MERGE_ROWS,
                                       KEY_END};

static const struct key page_list[] = {
    TYPE_ROW,
    {.name = "param", .type = KEY_PLACE, P(param), .fallback = "page",
     .help = "where the page number goes"},
    {.name = "start", .type = KEY_COUNT, P(start), .min = 0, .fallback = "1",
     .help = "number of the first page"},
    {.name = "size_param", .type = KEY_PLACE, P(size_param),
     .help = "where the page size goes"},
    {.name = "size", .type = KEY_COUNT, P(size), .min = 1, .help = "records per page"},
    {.name = "maximum_page", .type = KEY_COUNT, P(maximum), .min = 1,
     .help = "the first page number that is not asked for"},
    {.name = "send_first", .type = KEY_BOOL, P(sends_first), .fallback = "true",
     .help = "the first request names its page"},
    STOP_ROWS,
    LIMIT_ROWS(NULL),
    RESTART_ROW,
    MERGE_ROWS,
    KEY_END,
};

static const struct key offset_list[] = {
    TYPE_ROW,
    {.name = "param", .type = KEY_PLACE, P(param), .fallback = "offset",
     .help = "where the offset goes"},
    {.name = "start", .type = KEY_COUNT, P(start), .min = 0, .fallback = "0",
     .help = "the first offset"},
    {.name = "limit_param", .type = KEY_PLACE, P(size_param), .fallback = "limit",
     .help = "where the page size goes"},
    {.name = "size", .type = KEY_COUNT, P(size), .min = 1, .fallback = "100",
     .help = "records per page"},
    {.name = "maximum_offset", .type = KEY_COUNT, P(maximum), .min = 1,
     .help = "the first offset that is not asked for"},
    {.name = "step", .type = KEY_SWITCH, P(steps_by_size), .choices = steps,
     .fallback = "received", .help = "what the offset grows by"},
    {.name = "overlap", .type = KEY_COUNT, P(overlap), .min = 1, .max = OVERLAP_MAX,
     .help = "records: each page begins so many early, and they must be the ones read last"},
    ON_ERROR_ROW,
    STOP_ROWS,
    LIMIT_ROWS(NULL),
    RESTART_ROW,
    MERGE_ROWS,
    KEY_END,
};

static const struct key cursor_list[] = {
    TYPE_ROW,
    {.name = "cursor_path", .type = KEY_LOCATOR, .flags = KEY_REQUIRED, P(cursor),
     .help = "where the next cursor is"},
    {.name = "param", .type = KEY_PLACE, .flags = KEY_REQUIRED, P(param),
     .help = "where the cursor goes"},
    {.name = "start", .type = KEY_VALUE, P(cursor_start), .help = "the first cursor"},
    {.name = "alone", .type = KEY_TEXTS, 
     AT_LIST(struct stream, pagination.alone, pagination.alone_count),
     .help = "the cursor goes alone: of params, and of the members of body, these alone are "
             "sent with it, and credentials"},
    {.name = "size_param", .type = KEY_PLACE, P(size_param),
     .help = "where the page size goes"},
    {.name = "size", .type = KEY_COUNT, P(size), .min = 1, .help = "records per page"},
    FLAG_ROWS,
    ON_ERROR_ROW,
    EMPTY_ROWS,
    TOTAL_ROW,
    LIMIT_ROWS(NULL),
    RESTART_ROW,
    MERGE_ROWS,
    KEY_END,
};

static const struct key link_header_list[] = {
    TYPE_ROW,
    {.name = "rel", .type = KEY_TEXT, P(rel), .fallback = "next",
     .help = "relation of the link to follow"},
    NEXT_METHOD_ROW,
    EMPTY_ROWS,
    TOTAL_ROW,
    LIMIT_ROWS(NULL),
    RESTART_ROW,
    MERGE_ROWS,
    KEY_END,
};

static const struct key next_url_list[] = {
    TYPE_ROW,
    {.name = "next_path", .type = KEY_LOCATOR, .flags = KEY_REQUIRED, P(next),
     .help = "where the URL of the next page is, or an object {href, method, body, merge}"},
    NEXT_METHOD_ROW,
    FLAG_ROWS,
    EMPTY_ROWS,
    TOTAL_ROW,
    LIMIT_ROWS(NULL),
    RESTART_ROW,
    MERGE_ROWS,
    KEY_END,
};

static const struct key next_page_list[] = {
    METHOD_ROW,
    {.name = "params", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS,
     AT(struct next_page, params),
     .help = "parameters to set, or an expression that gives a map"},
    {.name = "headers", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS,
     AT(struct next_page, headers),
     .help = "headers to set, or an expression that gives a map"},
    {.name = "body", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS,
     AT(struct next_page, body), .help = "the whole body"},
    {.name = "url", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS,
     AT(struct next_page, url), .help = "the whole URL, absolute or relative"},
    KEY_END,
};

static const struct keys next_page_keys = {next_page_list, sizeof(struct next_page)};

static const struct key response_based_list[] = {
    TYPE_ROW,
    {.name = "continue_while", .type = KEY_TEMPLATE_REF, .flags = KEY_REQUIRED,
     P(continue_while), .help = "another page follows while this is true"},
    {.name = "next_page", .type = KEY_STRUCT, .flags = KEY_REQUIRED, P(next_page),
     .keys = &next_page_keys, .help = "what changes in the next request"},
    {.name = "max_empty_pages", .type = KEY_COUNT, P(max_empty_pages), .min = 1,
     .help = "pages without records in a row, after which the job is truncated; absent: any"},
    TOTAL_ROW,
    LIMIT_ROWS("1000"),
    RESTART_ROW,
    MERGE_ROWS,
    KEY_END,
};

static const struct key auto_list[] = {TYPE_ROW, TOTAL_ROW, LIMIT_ROWS("1000"), MERGE_ROWS,
                                       KEY_END};

#define KEYS(name)                                                                            \
    static const struct keys name##_keys = {name##_list, sizeof(struct stream)}
KEYS(none);
KEYS(page);
KEYS(offset);
KEYS(cursor);
KEYS(link_header);
KEYS(next_url);
KEYS(response_based);
KEYS(auto);

/* clang-format on */
const struct variant pagination_variants[] = {
    VARIANT("none", PAGINATE_NONE, &none_keys),
    VARIANT("page", PAGINATE_PAGE, &page_keys),
    VARIANT("offset", PAGINATE_OFFSET, &offset_keys),
    VARIANT("cursor", PAGINATE_CURSOR, &cursor_keys),
    VARIANT("link_header", PAGINATE_LINK_HEADER, &link_header_keys),
    VARIANT("next_url", PAGINATE_NEXT_URL, &next_url_keys),
    VARIANT("response_based", PAGINATE_RESPONSE_BASED, &response_based_keys),
    VARIANT("auto", PAGINATE_AUTO, &auto_keys),
    CHOICE_END,
};

static bool has_limit(const struct pagination *pagination)
{
    return pagination->max_iterations >= 0 || pagination->max_records >= 0 ||
           pagination->max_time_ms >= 0 || pagination->maximum >= 0;
}

static bool has_end(const struct pagination *pagination)
{
    return pagination->stops_on_empty || pagination->stops_on_short ||
           pagination->total.kind != LOCATOR_NONE ||
           pagination->total_pages.kind != LOCATOR_NONE ||
           pagination->has_more.kind != LOCATOR_NONE;
}

static void check_counted(struct reader *reader, const struct yaml_node *node,
                          const struct pagination *pagination)
{
    const struct yaml_node *maximum = yaml_find(node, "maximum_page");
    if (!maximum)
        maximum = yaml_find(node, "maximum_offset");
    bool has_size = pagination->size || yaml_find(node, "size");
    if (maximum && pagination->maximum >= 0 && pagination->maximum <= pagination->start)
        problem_add(reader->problems, maximum,
                    "is exclusive and must be greater than the start");
    if (pagination->stops_on_short && !has_size)
        problem_add(reader->problems, node, "\"stop_on_short\" needs \"size\"");
    if (yaml_find(node, "size_param") && !has_size)
        problem_add(reader->problems, node, "\"size_param\" needs \"size\"");
    if (!has_end(pagination) && !has_limit(pagination))
        problem_add(reader->problems, node,
                    "nothing ends this: give a total, a flag, a limit, or stop_on_empty");
}

/* Not for `page`: the number of a page would not fit another size. */
static void check_size(struct reader *reader, const struct yaml_node *node,
                       const struct pagination *pagination)
{
    bool has_param = pagination->size_param.place != PLACE_NONE;
    if (pagination->type == PAGINATE_CURSOR && has_param != (pagination->size > 0))
        problem_add(reader->problems, node, "\"size_param\" and \"size\" go together");
    if (pagination->halves && (!has_param || !pagination->size))
        problem_add(reader->problems, yaml_find(node, "page_size_on_error"),
                    "halve needs \"size_param\" and \"size\", which a request can ask for");
}

/* The records that two pages share are known by their place in both. */
static void check_overlap(struct reader *reader, const struct yaml_node *node,
                          const struct stream *stream)
{
    const struct pagination *pagination = &stream->pagination;
    const struct yaml_node *overlap = yaml_find(node, "overlap");
    if (!overlap)
        return;
    if (pagination->size && pagination->overlap >= pagination->size)
        problem_add(reader->problems, overlap, "must be less than \"size\"");
    if (pagination->steps_by_size)
        problem_add(reader->problems, overlap, "needs \"step: received\"");
    if (pagination->halves)
        problem_add(reader->problems, overlap,
                    "does not go with \"page_size_on_error: halve\"");
    if (stream->merge.strategy >= MERGE_REPLACE)
        problem_add(reader->problems, overlap,
                    "does not go with a merge_strategy that keeps whole responses");
    if (stream->part_count)
        problem_add(reader->problems, overlap,
                    "does not go with \"tables\": their rows would come twice");
}

/* Some of the requests may lie behind the end, and be of no use. */
static void check_parallel(struct reader *reader, const struct yaml_node *node,
                           const struct stream *stream)
{
    if (stream->pagination.parallel > 1 && !stream_is_repeatable(stream, STR_NONE))
        problem_add(reader->problems, yaml_find(node, "parallel"),
                    "sends requests whose answers may not be wanted: a %.*s needs "
                    "\"idempotent: true\"",
                    STR_ARG(stream->method));
}

static bool has_reset(const struct stream *stream)
{
    for (size_t i = 0; i < stream->response_count; i++)
        if (stream->responses[i].then == RESPONSE_RESET)
            return true;
    return false;
}

/* Each job begins in the midst of the pages, with what the first page has told. */
static void check_jobs(struct reader *reader, const struct yaml_node *node,
                       const struct stream *stream)
{
    const struct pagination *pagination = &stream->pagination;
    const struct yaml_node *jobs = yaml_find(node, "jobs");
    const struct {
        bool is_set;
        const char *what;
    } others[] = {
        {pagination->overlap > 0, "\"overlap\": what the job before has read is not known"},
        {pagination->max_records >= 0, "\"max_records\": jobs do not know how many records the "
                                       "others have read; max_iterations counts pages"},
        {pagination->restart_after > 0, "\"restart_after\": each job has a part of the pages"},
        {pagination->halves,
         "\"page_size_on_error\": the borders between jobs are those of whole "
         "pages"},
        {pagination->max_time_ms >= 0, "\"max_time\": the time of one job is not that of all"},
        {has_reset(stream),
         "\"then: reset\" in \"responses\": each job has a part of the pages"},
        {stream_prepares(stream), "\"prepare\": each job would have the work done again"},
        {stream->merge.strategy == MERGE_REPLACE,
         "\"merge_strategy: replace\", which keeps the last response alone"},
    };
    if (!jobs || pagination->jobs < 2)
        return;
    if (pagination->total.kind == LOCATOR_NONE && pagination->total_pages.kind == LOCATOR_NONE)
        problem_add_key(reader->problems, jobs,
                        "needs \"total_path\" or \"total_pages_path\": the pages that the jobs "
                        "share are those that the first answer counts");
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (others[i].is_set)
            problem_add_key(reader->problems, jobs, "does not go with %s", others[i].what);
    if (!stream_is_repeatable(stream, STR_NONE))
        problem_add(reader->problems, jobs,
                    "sends requests whose answers may not be wanted: a %.*s needs "
                    "\"idempotent: true\"",
                    STR_ARG(stream->method));
}

/* The answers of the list are asked for by its method, and only a GET has a HEAD. */
static void check_count(struct reader *reader, const struct yaml_node *node,
                        const struct stream *stream)
{
    const struct count_request *request = &stream->pagination.count.request;
    const struct yaml_node *count = yaml_find(node, "total");
    if (!count || count->kind != YAML_MAP)
        return;
    if (stream->pagination.total.kind != LOCATOR_NONE)
        problem_add_key(reader->problems, count,
                        "stands beside \"total_path\": one of them is enough");
    bool is_post = str_is(request->method, "POST"), is_head = str_is(request->method, "HEAD");
    bool is_own = is_post || str_is(request->method, "GET");
    if (!request->path && is_own && !request->params && !request->body)
        problem_add(reader->problems, count,
                    "the request needs \"path\", \"params\" or \"body\", or is HEAD");
    if (!request->path && is_head && !str_is(stream->method, "GET"))
        problem_add(reader->problems, count,
                    "the stream's method is %.*s: give the request a \"path\"",
                    STR_ARG(stream->method));
    check_request_maps(reader, count, request->params, request->headers);
    if (request->body && !is_post)
        problem_add(reader->problems, yaml_find(count, "request"),
                    "\"body\" needs method: POST");
}

/* One expression may make any member. */
static bool has_member(const struct template *body, struct str name)
{
    if (!body || body->kind == TEMPLATE_CONSTANT)
        return body && value_get(body->constant, name).kind != VALUE_UNDEFINED;
    for (size_t i = 0; body->kind == TEMPLATE_MAP && i < body->count; i++)
        if (str_eq(body->keys[i], name))
            return true;
    return body->kind == TEMPLATE_EXPR;
}

static bool is_sent(const struct stream *stream, struct str name)
{
    for (size_t i = 0; i < stream->param_count; i++)
        if (str_eq(stream->params[i].name, name))
            return true;
    return has_member(stream->body, name) || (stream->pagination.has_size_param &&
                                              str_eq(stream->pagination.size_param.name, name));
}

/* A name that is misspelt would leave out what has to go with the cursor. */
static void check_alone(struct reader *reader, const struct yaml_node *node,
                        const struct stream *stream)
{
    const struct pagination *pagination = &stream->pagination;
    const struct yaml_node *alone = yaml_find(node, "alone");
    for (size_t i = 0; alone && i < pagination->alone_count; i++)
        if (!is_sent(stream, pagination->alone[i]))
            problem_add(reader->problems, alone, "\"%.*s\" is neither in params nor in body",
                        STR_ARG(pagination->alone[i]));
}

void pagination_check(struct reader *reader, const struct yaml_node *map,
                      const struct stream *stream)
{
    const struct pagination *pagination = &stream->pagination;
    const struct yaml_node *node = yaml_find(map, "pagination");
    if (node && node->kind == YAML_MAP)
        check_count(reader, node, stream);
    bool is_counted = pagination->type == PAGINATE_PAGE || pagination->type == PAGINATE_OFFSET;
    if (node && node->kind == YAML_MAP && is_counted) {
        check_counted(reader, node, pagination);
        check_parallel(reader, node, stream);
        check_overlap(reader, node, stream);
        check_jobs(reader, node, stream);
    }
    if (node && node->kind == YAML_MAP)
        check_size(reader, node, pagination);
    if (node && node->kind == YAML_MAP && pagination->type == PAGINATE_CURSOR)
        check_alone(reader, node, stream);
    const struct next_page *next = &pagination->next_page;
    const struct yaml_node *given =
        node && node->kind == YAML_MAP ? yaml_find(node, "next_page") : NULL;
    bool is_empty = given && given->kind == YAML_MAP && !next->params && !next->headers &&
                    !next->body && !next->url && !next->method.len;
    if (node && pagination->type == PAGINATE_RESPONSE_BASED && is_empty)
        problem_add(reader->problems, node,
                    "\"next_page\" needs one of params, headers, body, url, method");
}
