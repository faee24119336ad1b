#include "tests/support/mock_server.h"

/* Generated records: any number of them, the same for the same parameters. */
struct gen {
    int64_t first, last; /* ids */
    int64_t seed, pad;
};

static void put_time(int64_t id, char text[32])
{
    time_t at = 1704067200 + id * 60; /* 2024-01-01 */
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void put_record(struct buf *buf, const struct gen *gen, int64_t id)
{
    char at[32];
    put_time(id, at);
    int64_t cents = (id * 7919 + gen->seed * 104729) % 100000;
    buf_printf(
        buf,
        "{\"id\":%lld,\"name\":\"name %lld\",\"score\":%lld.%02lld,\"created_at\":\"%s\","
        "\"active\":%s,\"note\":\"",
        (long long)id, (long long)id, (long long)(cents / 100), (long long)(cents % 100), at,
        id % 3 ? "true" : "false");
    char *room = buf_room(buf, (size_t)gen->pad);
    if (room && gen->pad) {
        memset(room, (char)('a' + id % 26), (size_t)gen->pad);
        buf->len += (size_t)gen->pad;
    }
    buf_puts(buf, "\"}");
}

/* Records skip+1 … skip+count; returns how many there were. */
static int64_t put_records(struct buf *buf, const struct gen *gen, int64_t skip, int64_t count)
{
    int64_t from = gen->first + MAX(skip, 0);
    int64_t until = MIN(from + count - 1, gen->last);
    buf_puts(buf, "[");
    for (int64_t id = from; id <= until; id++) {
        if (id > from)
            buf_puts(buf, ",");
        put_record(buf, gen, id);
    }
    buf_puts(buf, "]");
    return MAX(until - from + 1, 0);
}

static struct gen read_gen(const struct mock_request *request)
{
    struct gen gen = {
        .first = mock_query_int(request, "from", 1),
        .seed = mock_query_int(request, "seed", 1),
        .pad = mock_query_int(request, "record_bytes", 0),
    };
    gen.last = gen.first + mock_query_int(request, "total", 100) - 1;
    struct str since;
    char at[32];
    if (mock_query(request, "since", &since) && since.len)
        for (; gen.first <= gen.last; gen.first++) {
            put_time(gen.first, at);
            if (str_compare(str_from(at), since) >= 0)
                break;
        }
    return gen;
}

static int64_t read_size(const struct mock_request *request, const char *name)
{
    int64_t size = MAX(mock_query_int(request, name, 10), 1);
    return MIN(size, mock_query_int(request, "max", INT64_MAX));
}

static void put_counts(struct buf *body, int64_t total, bool more)
{
    buf_printf(body, ",\"total\":%lld,\"has_more\":%s}", (long long)total,
               more ? "true" : "false");
}

static void by_page(const struct mock_request *request, struct mock_reply *reply)
{
    struct gen gen = read_gen(request);
    int64_t page = mock_query_int(request, "page", 1), size = read_size(request, "per_page");
    int64_t total = gen.last - gen.first + 1, pages = (total + size - 1) / size;
    buf_puts(&reply->body, "{\"data\":");
    put_records(&reply->body, &gen, (page - 1) * size, size);
    buf_printf(&reply->body, ",\"page\":%lld,\"pages\":%lld", (long long)page,
               (long long)pages);
    put_counts(&reply->body, total, page < pages);
}

static void by_offset(const struct mock_request *request, struct mock_reply *reply)
{
    struct gen gen = read_gen(request);
    int64_t offset = mock_query_int(request, "offset", 0), size = read_size(request, "limit");
    int64_t total = gen.last - gen.first + 1;
    buf_puts(&reply->body, "{\"data\":");
    int64_t given = put_records(&reply->body, &gen, offset, size);
    buf_printf(&reply->body, ",\"offset\":%lld,\"limit\":%lld", (long long)offset,
               (long long)mock_query_int(request, "limit", 10));
    put_counts(&reply->body, total, offset + given < total);
}

/* The cursor is "c" and the number of records before it. */
static void by_cursor(const struct mock_request *request, struct mock_reply *reply)
{
    struct gen gen = read_gen(request);
    struct str cursor = STR_NONE;
    int64_t skip = 0, size = read_size(request, "limit"), total = gen.last - gen.first + 1;
    if (mock_query(request, "cursor", &cursor) && cursor.len &&
        !str_to_int64(str_slice(cursor, 1, cursor.len), &skip))
        reply->status = 400;
    buf_puts(&reply->body, "{\"data\":");
    int64_t given = put_records(&reply->body, &gen, skip, size);
    bool more = skip + given < total;
    if (more)
        buf_printf(&reply->body, ",\"next_cursor\":\"c%lld\"", (long long)(skip + given));
    else
        buf_puts(&reply->body, ",\"next_cursor\":null");
    put_counts(&reply->body, total, more);
}

static void by_link(const struct mock_request *request, struct mock_reply *reply)
{
    struct gen gen = read_gen(request);
    int64_t page = mock_query_int(request, "page", 1), size = read_size(request, "per_page");
    int64_t total = gen.last - gen.first + 1, pages = (total + size - 1) / size;
    put_records(&reply->body, &gen, (page - 1) * size, size);
    if (page < pages)
        mock_put_link(request, reply, "next", page + 1);
    mock_put_link(request, reply, "last", MAX(pages, 1));
    buf_printf(&reply->headers, "X-Total-Count: %lld\r\n", (long long)total);
}

static void by_next(const struct mock_request *request, struct mock_reply *reply)
{
    struct gen gen = read_gen(request);
    int64_t page = mock_query_int(request, "page", 1), size = read_size(request, "per_page");
    int64_t total = gen.last - gen.first + 1;
    buf_puts(&reply->body, "{\"data\":");
    int64_t given = put_records(&reply->body, &gen, (page - 1) * size, size);
    bool more = (page - 1) * size + given < total;
    if (more)
        buf_printf(&reply->body, ",\"next\":\"%.*s\"",
                   STR_ARG(mock_target_with(request, "page", page + 1)));
    else
        buf_puts(&reply->body, ",\"next\":null");
    put_counts(&reply->body, total, more);
}

bool mock_gen(const struct mock_request *request, struct mock_reply *reply)
{
    static const struct {
        const char *path;
        void (*make)(const struct mock_request *, struct mock_reply *);
    } shapes[] = {
        {"/gen/page", by_page}, {"/gen/offset", by_offset}, {"/gen/cursor", by_cursor},
        {"/gen/link", by_link}, {"/gen/next", by_next},
    };
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        if (str_is(request->path, shapes[i].path)) {
            shapes[i].make(request, reply);
            return true;
        }
    return false;
}
