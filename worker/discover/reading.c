#include "worker/discover/reading.h"

#include "config/source.h"
#include "port/hash.h"
#include "port/http_url.h"
#include "worker/discover/paging_text.h"
#include "worker/records/own_ids.h"

enum { TEXT_BYTES_MAX = 1024 * 1024, IDS_MAX = 100000 };

struct watching {
    struct reader *reader;
    struct reading *reading;
    struct traits_pair *traits;
    uint64_t *ids; /* of the page under way */
    size_t id_count, id_capacity;
    size_t last_position;
};

/* --- what the crawl shows --- */

static void on_request(void *ctx, const struct request *request)
{
    struct reader *reader = ((struct watching *)ctx)->reader;
    if (reader->requests < READING_URLS_MAX)
        reader->sent[reader->requests] = arena_printf(
            reader->arena, "%.*s\n%.*s", STR_ARG(request->url), STR_ARG(request->http.body));
    reader->requests++;
}

static void on_answer(void *ctx, const struct http_answer *answer, const struct err *failed)
{
    struct watching *watching = ctx;
    struct reading *reading = watching->reading;
    struct arena *arena = watching->reader->arena;
    if (failed || reading->page_count)
        return;
    if (reading->has_answer && reading->status / 100 == 2)
        return; /* the first page has come; this is the second */
    reading->has_answer = true;
    reading->status = answer->status;
    reading->body = arena_str(arena, answer->body);
    reading->header_count = answer->header_count;
    reading->headers = http_copy_headers(answer, arena);
}

static void start_page(struct watching *watching)
{
    watching->ids = NULL;
    watching->id_count = watching->id_capacity = 0;
}

static uint64_t id_of(const struct record *record)
{
    const struct record_field *id = own_ids_find(record);
    return id ? hash_bytes(id->raw, (uint64_t)own_ids_rank(id->name))
              : hash_bytes(record->raw, 0);
}

static void on_record(void *ctx, const struct row_writer *writer, const struct record *record,
                      enum row_result result, const char *reason)
{
    struct watching *watching = ctx;
    (void)writer, (void)result, (void)reason;
    if (!record->position || record->position <= watching->last_position) {
        start_page(watching);
        traits_restart(watching->traits);
    }
    watching->last_position = record->position;
    traits_take(watching->traits, record);
    if (watching->id_count >= IDS_MAX)
        return;
    ARENA_GROW(watching->reader->arena, watching->ids, watching->id_count,
               watching->id_capacity);
    watching->ids[watching->id_count++] = id_of(record);
}

static void keep_page(struct watching *watching, const struct crawl_page *done)
{
    struct reading *reading = watching->reading;
    struct arena *arena = watching->reader->arena;
    if (reading->page_count == READING_PAGES_MAX || reading->has_empty_page)
        return;
    reading->pages[reading->page_count++] = (struct reading_page){
        .records = watching->id_count,
        .ids = watching->ids,
        .next_url = done->request ? arena_str(arena, done->request->url) : STR_NONE,
    };
    traits_page_end(watching->traits);
}

static void keep_decision(struct watching *watching, const struct crawl_page *done)
{
    struct reading *reading = watching->reading;
    struct arena *arena = watching->reader->arena;
    const struct pager *next = done->next;
    reading->complete = done->decision->complete;
    reading->why =
        arena_str(arena, done->decision->complete_why.len ? done->decision->complete_why
                                                          : done->decision->why);
    if (done->decision->warning.len)
        reading->warning = arena_str(arena, done->decision->warning);
    if (next->merge_path.len)
        reading->merge_path = arena_str(arena, next->merge_path);
    if (!next->recognised.len)
        return;
    if (next->page == 1 && done->decision->outcome == PAGER_MORE)
        reading->start = next->number - (next->type == PAGINATE_OFFSET ? done->seen : 1);
    reading->paging = paging_text(arena, next, reading->start);
    reading->place = arena_str(arena, next->in_force->cursor.source);
}

static void on_page_end(void *ctx, const struct crawl_page *done)
{
    struct watching *watching = ctx;
    if (done->is_count)
        return;
    keep_decision(watching, done);
    if (done->seen)
        keep_page(watching, done);
    else
        watching->reading->has_empty_page = true;
    traits_restart(watching->traits);
    start_page(watching);
    watching->last_position = 0;
}

static void on_retry(void *ctx, const struct err *err, int64_t delay_ms)
{
    struct reader *reader = ((struct watching *)ctx)->reader;
    if (reader->on_retry)
        reader->on_retry(reader->ctx, err, delay_ms);
}

/* --- a reading --- */

static bool parse(struct arena *arena, const struct draft *draft, enum draft_use use,
                  struct stream **ret, struct err *err)
{
    AUTO_BUF(text, TEXT_BYTES_MAX);
    AUTO_BUF(errors, TEXT_BYTES_MAX);
    struct source *source;
    draft_write(draft, use, NULL, &text);
    if (!source_parse(arena, STR("(discovered)"), buf_str(&text), &source, &errors, err))
        return false;
    *ret = source->streams[0];
    return true;
}

bool reading_take(struct reader *reader, const struct draft *draft, enum draft_use use,
                  int pages, struct reading *ret, struct err *err)
{
    struct stream *stream;
    struct traits_pair *traits = ARENA_NEW(reader->arena, struct traits_pair);
    struct watching watching = {.reader = reader, .reading = ret, .traits = traits};
    const struct crawl_watch watch = {.on_request = on_request,
                                      .on_answer = on_answer,
                                      .on_record = on_record,
                                      .on_page_end = on_page_end,
                                      .ctx = &watching};
    *ret = (struct reading){.start = -1};
    traits_init(traits, reader->arena);
    if (!parse(reader->arena, draft, use, &stream, err))
        return false;
    const struct preview_options options = {.loop = reader->loop,
                                            .stream = stream,
                                            .secrets_dir = reader->secrets_dir,
                                            .pages = pages,
                                            .watch = &watch,
                                            .on_retry = on_retry};
    if (!preview_run(&options, reader->arena, &ret->preview, err))
        return false;
    ret->traits = traits->then;
    return true;
}

bool reading_is_good(const struct reading *reading)
{
    const struct preview *preview = &reading->preview;
    return preview->how == PREVIEW_STOPPED ||
           (preview->how == PREVIEW_ENDED && preview->state == JOB_SUCCEEDED);
}

/* --- comparing --- */

bool reading_has_asked(const struct reader *reader, struct str place)
{
    AUTO_ARENA struct arena *scratch = arena_new();
    struct str param = draft_place_name(place), name = http_url_encode(scratch, param);
    const struct str in_query[] = {arena_printf(scratch, "?%.*s=", STR_ARG(name)),
                                   arena_printf(scratch, "&%.*s=", STR_ARG(name))};
    const struct str in_body[] = {arena_printf(scratch, "\n%.*s=", STR_ARG(name)), in_query[1],
                                  arena_printf(scratch, "\"%.*s\":", STR_ARG(param))};
    bool is_in_body = str_starts(place, STR("body:"));
    const struct str *marks = is_in_body ? in_body : in_query;
    size_t count = is_in_body ? COUNT_OF(in_body) : COUNT_OF(in_query);
    for (int i = 0; i < MIN(reader->requests, READING_URLS_MAX); i++)
        for (size_t j = 0; j < count; j++)
            if (str_find(reader->sent[i], marks[j]) >= 0)
                return true;
    return false;
}

static bool has_id(const struct reading_page *page, uint64_t id)
{
    for (size_t i = 0; i < page->records; i++)
        if (page->ids[i] == id)
            return true;
    return false;
}

/* Pages beyond this are compared by their first records: it would take time by the square. */
enum { COMPARED_MAX = 2000 };

size_t reading_count_shared(const struct reading_page *page, const struct reading_page *of)
{
    size_t count = 0;
    for (size_t i = 0; i < MIN(page->records, COMPARED_MAX); i++)
        count += has_id(of, page->ids[i]);
    return count;
}

bool reading_repeats(const struct reading *reading)
{
    for (size_t i = 1; i < reading->page_count; i++)
        for (size_t j = 0; j < i; j++)
            if (reading_count_shared(&reading->pages[i], &reading->pages[j]))
                return true;
    return false;
}
