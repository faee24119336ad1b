#include "port/digest.h"
#include "tests/support/mock_server.h"

/* Shapes of real services, and ISO codes from Debian's iso-codes for the demo. */

enum { NOETL_ITEMS = 35 };

static json_t *flaky_failed; /* pages that have failed once */

void mock_put_slice(struct buf *buf, const json_t *list, int64_t start, int64_t count)
{
    buf_puts(buf, "[");
    int64_t size = (int64_t)json_array_size(list), end = MIN(start + count, size);
    for (int64_t i = MAX(start, 0); i < end; i++) {
        if (i > start)
            buf_puts(buf, ",");
        mock_put_json(buf, json_array_get(list, (size_t)i));
    }
    buf_puts(buf, "]");
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

/* --- NoETL's mock server --- */

typedef void (*put_item_fn)(struct buf *buf, int64_t id);

static void put_items(struct buf *buf, int64_t skip, int64_t count, put_item_fn put)
{
    buf_puts(buf, "[");
    int64_t end = MIN(skip + count, NOETL_ITEMS);
    for (int64_t id = skip + 1; id <= end; id++) {
        if (id > skip + 1)
            buf_puts(buf, ",");
        put(buf, id);
    }
    buf_puts(buf, "]");
}

static void put_assessment(struct buf *buf, int64_t id)
{
    buf_printf(buf, "{\"id\":%lld,\"name\":\"Assessment %lld\",\"score\":%lld}", (long long)id,
               (long long)id, (long long)(50 + id % 50));
}

static void put_user(struct buf *buf, int64_t id)
{
    buf_printf(buf,
               "{\"id\":%lld,\"username\":\"user%lld\",\"email\":\"user%lld@example.com\"}",
               (long long)id, (long long)id, (long long)id);
}

static void put_event(struct buf *buf, int64_t id)
{
    buf_printf(
        buf,
        "{\"id\":%lld,\"type\":\"user_action\",\"timestamp\":\"2024-01-%02lldT12:00:00Z\","
        "\"data\":{\"action\":\"event_%lld\"}}",
        (long long)id, (long long)(id % 28 + 1), (long long)id);
}

static void put_item(struct buf *buf, int64_t id)
{
    buf_printf(buf, "{\"id\":%lld,\"value\":\"item_%lld\"}", (long long)id, (long long)id);
}

static void put_paging(struct buf *body, int64_t page, int64_t size, bool with_total)
{
    buf_printf(body, ",\"paging\":{\"hasMore\":%s,\"page\":%lld,\"pageSize\":%lld",
               truth(page * size < NOETL_ITEMS), (long long)page, (long long)size);
    if (with_total)
        buf_printf(body, ",\"total\":%d", NOETL_ITEMS);
    buf_puts(body, "}}");
}

static void assessments(const struct mock_request *request, struct mock_reply *reply)
{
    int64_t page = mock_query_int(request, "page", 1);
    int64_t size = mock_query_int(request, "pageSize", 10);
    buf_puts(&reply->body, "{\"data\":");
    put_items(&reply->body, (page - 1) * size, size, put_assessment);
    put_paging(&reply->body, page, size, true);
}

static void users(const struct mock_request *request, struct mock_reply *reply)
{
    int64_t offset = mock_query_int(request, "offset", 0);
    int64_t limit = mock_query_int(request, "limit", 10);
    buf_puts(&reply->body, "{\"users\":");
    put_items(&reply->body, offset, limit, put_user);
    buf_printf(&reply->body, ",\"has_more\":%s,\"offset\":%lld,\"limit\":%lld,\"total\":%d}",
               truth(offset + limit < NOETL_ITEMS), (long long)offset, (long long)limit,
               NOETL_ITEMS);
}

/* The cursor is the page's decimal in base64. */
static int64_t cursor_page(struct arena *arena, struct str cursor)
{
    struct str digits = STR_NONE;
    int64_t page = 1;
    if (!digest_base64_decode(arena, cursor, &digits) || !str_to_int64(digits, &page))
        return 1;
    return MAX(page, 1);
}

static void events(const struct mock_request *request, struct mock_reply *reply)
{
    struct str cursor = STR_NONE;
    bool given = mock_query(request, "cursor", &cursor);
    int64_t page = given ? cursor_page(request->arena, cursor) : 1;
    int64_t limit = mock_query_int(request, "limit", 10);
    buf_puts(&reply->body, "{\"events\":");
    put_items(&reply->body, (page - 1) * limit, limit, put_event);
    buf_puts(&reply->body, ",\"next_cursor\":");
    struct str next = arena_printf(request->arena, "%lld", (long long)(page + 1));
    if (page * limit < NOETL_ITEMS)
        buf_printf(&reply->body, "\"%s\"", digest_base64(request->arena, next).ptr);
    else
        buf_puts(&reply->body, "null");
    buf_printf(&reply->body, ",\"limit\":%lld}", (long long)limit);
}

/* Whether the page is listed and has not failed since the last reset. */
static bool flaky_fails(struct str list, int64_t page)
{
    if (!flaky_failed)
        flaky_failed = json_object();
    for (struct str one; list.len;) {
        int64_t number;
        list = str_split(list, ',', &one);
        if (!str_to_int64(str_trim(one), &number) || number != page)
            continue;
        char key[24];
        snprintf(key, sizeof key, "%lld", (long long)page);
        bool failed = json_object_get(flaky_failed, key) != NULL;
        json_object_set_new(flaky_failed, key, json_true());
        return !failed;
    }
    return false;
}

static void flaky(const struct mock_request *request, struct mock_reply *reply)
{
    int64_t page = mock_query_int(request, "page", 1);
    int64_t size = mock_query_int(request, "pageSize", 10);
    struct str list = STR_NONE;
    if (mock_query(request, "fail_on", &list) && flaky_fails(list, page)) {
        reply->status = 500;
        buf_puts(&reply->body, "{\"detail\":\"Simulated failure\"}");
        return;
    }
    buf_puts(&reply->body, "{\"data\":");
    put_items(&reply->body, (page - 1) * size, size, put_item);
    put_paging(&reply->body, page, size, false);
}

void mock_pages_reset(void)
{
    json_decref(flaky_failed);
    flaky_failed = NULL;
}

static void flaky_reset(const struct mock_request *request, struct mock_reply *reply)
{
    (void)request;
    mock_pages_reset();
    buf_puts(&reply->body, "{\"status\":\"reset\"}");
}

static void health(const struct mock_request *request, struct mock_reply *reply)
{
    (void)request;
    buf_puts(&reply->body, "{\"status\":\"ok\"}");
}

/* --- NetBackup, Katana --- */

static void put_job(struct buf *buf, int64_t index)
{
    buf_printf(buf,
               "{\"type\":\"job\",\"id\":\"job-%lld\",\"attributes\":{\"jobId\":%lld,"
               "\"jobType\":\"BACKUP\",\"policyType\":\"STANDARD\",\"status\":0,"
               "\"kilobytesTransferred\":%lld}}",
               (long long)index, (long long)(12345 + index), (long long)(1024 * (index + 1)));
}

static void put_offset_meta(struct buf *body, int64_t offset, int64_t limit, int64_t total)
{
    int64_t pages = (total + limit - 1) / limit, last = MAX(pages - 1, 0) * limit;
    buf_printf(body, "{\"pages\":%lld,\"offset\":%lld,\"last\":%lld,\"limit\":%lld",
               (long long)pages, (long long)offset, (long long)last, (long long)limit);
    buf_printf(body, ",\"count\":%lld,\"page\":%lld,\"first\":0", (long long)total,
               (long long)(offset / limit));
    if (offset + limit < total)
        buf_printf(body, ",\"next\":%lld", (long long)(offset + limit));
    buf_puts(body, "}");
}

static void put_after_meta(struct buf *body, int64_t skip, int64_t limit, int64_t total)
{
    buf_printf(body, "{\"limit\":%lld,\"rangeTruncated\":false", (long long)limit);
    if (skip + limit < total)
        buf_printf(body, ",\"next\":\"CURSOR%lld\"", (long long)(skip / limit + 2));
    if (skip > 0)
        buf_printf(body, ",\"prev\":\"CURSOR%lld\"", (long long)(skip / limit));
    buf_puts(body, "}");
}

/* By cursor where one is given or version 12 is accepted, else by offset. */
static void netbackup(const struct mock_request *request, struct mock_reply *reply)
{
    struct str after = STR_NONE;
    int64_t limit = MAX(mock_query_int(request, "page[limit]", 100), 1), page = 1;
    int64_t total = mock_query_int(request, "total", 150);
    bool newer = mock_query(request, "page[after]", &after) ||
                 str_find(mock_header(request, "accept"), STR("version=12")) >= 0;
    if (after.len > 6 && !str_to_int64(str_slice(after, 6, after.len), &page))
        page = 1;
    int64_t skip = newer ? (page - 1) * limit : mock_query_int(request, "page[offset]", 0);
    reply->type = "application/vnd.netbackup+json;version=12.0";
    buf_puts(&reply->body, "{\"data\":[");
    for (int64_t i = skip; i < MIN(skip + limit, total); i++) {
        if (i > skip)
            buf_puts(&reply->body, ",");
        put_job(&reply->body, i);
    }
    buf_puts(&reply->body, "],\"meta\":{\"pagination\":");
    (newer ? put_after_meta : put_offset_meta)(&reply->body, skip, limit, total);
    buf_puts(&reply->body, "}}");
}

static void katana(const struct mock_request *request, struct mock_reply *reply)
{
    int64_t page = mock_query_int(request, "page", 1);
    int64_t limit = MAX(mock_query_int(request, "limit", 20), 1);
    int64_t total = mock_query_int(request, "total", 142), pages = (total + limit - 1) / limit;
    int64_t skip = (page - 1) * limit;
    buf_puts(&reply->body, "{\"data\":[");
    for (int64_t id = skip + 1; id <= MIN(skip + limit, total); id++)
        buf_printf(&reply->body, "%s{\"id\":%lld,\"name\":\"Product %lld\",\"sku\":\"%05lld\"}",
                   id > skip + 1 ? "," : "", (long long)id, (long long)id, (long long)id);
    buf_puts(&reply->body, "]}");
    if (page < pages)
        mock_put_link(request, reply, "next", page + 1);
    buf_printf(
        &reply->headers,
        "X-Pagination: {\"total_records\":\"%lld\",\"total_pages\":\"%lld\","
        "\"offset\":\"%lld\",\"page\":\"%lld\",\"first_page\":\"%s\",\"last_page\":\"%s\"}"
        "\r\nX-Ratelimit-Limit: 60\r\nX-Ratelimit-Remaining: 59\r\n",
        (long long)total, (long long)pages, (long long)skip, (long long)page, truth(page == 1),
        truth(page >= pages));
}

/* --- ISO codes --- */

static const json_t *iso(const char *number)
{
    static json_t *files; /* read once, by number */
    char path[64];
    if (!files)
        files = json_object();
    const json_t *list = json_object_get(files, number);
    if (list)
        return list;
    snprintf(path, sizeof path, "/usr/share/iso-codes/json/iso_%s.json", number);
    json_t *file = json_load_file(path, 0, NULL);
    json_t *read = json_object_get(file, number);
    json_object_set(files, number, read ? read : json_array());
    json_decref(file);
    return json_object_get(files, number);
}

static void languages(const struct mock_request *request, struct mock_reply *reply)
{
    const json_t *list = iso("639-3");
    struct str cursor = STR_NONE;
    int64_t skip = 0, limit = mock_query_int(request, "limit", 500);
    if (mock_query(request, "cursor", &cursor) && cursor.len && !str_to_int64(cursor, &skip))
        reply->status = 400;
    buf_puts(&reply->body, "{\"languages\":");
    mock_put_slice(&reply->body, list, skip, limit);
    if (skip + limit < (int64_t)json_array_size(list))
        buf_printf(&reply->body, ",\"next_cursor\":\"%lld\"}", (long long)(skip + limit));
    else
        buf_puts(&reply->body, ",\"next_cursor\":null}");
}

static void subdivisions(const struct mock_request *request, struct mock_reply *reply)
{
    const json_t *list = iso("3166-2");
    int64_t offset = mock_query_int(request, "offset", 0);
    int64_t limit = mock_query_int(request, "limit", 500);
    buf_puts(&reply->body, "{\"subdivisions\":");
    mock_put_slice(&reply->body, list, offset, limit);
    buf_printf(&reply->body, ",\"offset\":%lld,\"limit\":%lld,\"total\":%zu}",
               (long long)offset, (long long)limit, json_array_size(list));
}

static void countries(const struct mock_request *request, struct mock_reply *reply)
{
    const json_t *list = iso("3166-1");
    int64_t page = mock_query_int(request, "page", 1);
    int64_t size = mock_query_int(request, "per_page", 50);
    mock_put_slice(&reply->body, list, (page - 1) * size, size);
    if (page * size < (int64_t)json_array_size(list))
        mock_put_link(request, reply, "next", page + 1);
}

bool mock_pages(const struct mock_request *request, struct mock_reply *reply)
{
    static const struct {
        const char *path;
        void (*make)(const struct mock_request *, struct mock_reply *);
    } shapes[] = {
        {"/api/v1/assessments", assessments}, {"/api/v1/users", users},
        {"/api/v1/events", events},           {"/api/v1/flaky", flaky},
        {"/api/v1/flaky/reset", flaky_reset}, {"/health", health},
        {"/netbackup/admin/jobs", netbackup}, {"/katana/products", katana},
        {"/iso/languages", languages},        {"/iso/subdivisions", subdivisions},
        {"/iso/countries", countries},
    };
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        if (str_is(request->path, shapes[i].path)) {
            shapes[i].make(request, reply);
            return true;
        }
    return false;
}
