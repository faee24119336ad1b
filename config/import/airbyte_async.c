#include "config/import/airbyte.h"

/* An AsyncRetriever: a report that the API makes first is `prepare` here. */
enum { STATUS_BYTES_MAX = 4096 };

static void put_request(struct manifest *manifest, const struct component *retriever,
                        const char *member, struct outline *to, const char *usual_method)
{
    static const char *const keys[] = {"path", "url", "params", "headers", "body", "body_type"};
    struct component requester = component_at(manifest, retriever, member);
    struct outline *made = outline_new(manifest->import->arena);
    struct str method, base;
    airbyte_request(manifest, &requester, made);
    method = outline_text(outline_find(made, "method"));
    base = outline_text(outline_find(made, "base_url"));
    if (!method.len)
        method = STR("GET");
    if (!str_is(method, usual_method))
        outline_put(to, "method", method);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        outline_move(to, made, keys[i]);
    if (!outline_find(manifest->import->root, "base_url"))
        outline_put(manifest->import->root, "base_url", base);
}

/* "response.status in ['done', 'ok']"; empty where nothing is listed. */
static struct str status_in(struct manifest *manifest, const struct component *mapping,
                            const char *const *members, size_t count, struct str path)
{
    AUTO_BUF(out, STATUS_BYTES_MAX);
    size_t put = 0;
    for (size_t m = 0; m < count; m++) {
        const struct yaml_node *list = component_get(manifest, mapping, members[m]);
        for (size_t i = 0; i < component_count(list); i++) {
            struct str word = import_text(list->kind == YAML_LIST ? list->items[i] : list);
            if (!word.len || str_find_byte(word, '\'') >= 0)
                continue;
            buf_printf(&out, "%s'%.*s'", put++ ? ", " : "", STR_ARG(word));
        }
    }
    return put ? arena_printf(manifest->import->arena, "{{ response.%.*s in [%.*s] }}",
                              STR_ARG(path), STR_ARG(buf_str(&out)))
               : STR_NONE;
}

static void put_status(struct manifest *manifest, const struct component *retriever,
                       struct outline *prepare)
{
    static const char *const done[] = {"completed"}, *const failed[] = {"failed", "timeout"};
    struct component mapping = component_at(manifest, retriever, "status_mapping");
    struct component extractor = component_at(manifest, retriever, "status_extractor");
    struct str path = STR_NONE, until = STR_NONE, fail = STR_NONE;
    if (airbyte_path(manifest, extractor.scope,
                     component_get(manifest, &extractor, "field_path"), &path)) {
        until = status_in(manifest, &mapping, done, COUNT_OF(done), path);
        fail = status_in(manifest, &mapping, failed, COUNT_OF(failed), path);
    }
    if (until.len)
        outline_put(prepare, "until", until);
    else
        import_gap(manifest->import, prepare,
                   "until: fill in where the answer says that it is "
                   "done");
    if (fail.len)
        outline_put(prepare, "fail_when", fail);
    if (component_count(component_get(manifest, &mapping, "skipped")))
        import_gap(manifest->import, prepare,
                   "status_mapping: skipped: a report that is not made: see docs/prepare.md");
}

/* Does a list of keys go through all elements? */
static bool has_wildcard(const struct yaml_node *list)
{
    for (size_t i = 0; list && list->kind == YAML_LIST && i < list->count; i++)
        if (str_is(import_text(list->items[i]), "*"))
            return true;
    return false;
}

static void put_files(struct manifest *manifest, const struct component *retriever,
                      struct outline *prepare)
{
    struct component extractor = component_at(manifest, retriever, "download_target_extractor");
    struct str path;
    if (!extractor.map)
        extractor = component_at(manifest, retriever, "urls_extractor");
    const struct yaml_node *keys = component_get(manifest, &extractor, "field_path");
    if (!airbyte_path(manifest, extractor.scope, keys, &path)) {
        import_gap(manifest->import, prepare,
                   "then: fill in where the answer has the URL of the "
                   "file, {url: …} or {urls: …}");
        return;
    }
    outline_put(outline_map(prepare, "then"), has_wildcard(keys) ? "urls" : "url", path);
}

/* What is asked for by the download: the URL alone, by GET, with the source's credentials. */
static void note_download(struct manifest *manifest, const struct component *retriever,
                          struct outline *prepare)
{
    static const char *const parts[] = {"request_headers", "request_parameters", "request_body",
                                        "request_body_json", "request_body_data"};
    struct component requester = component_at(manifest, retriever, "download_requester");
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (import_find(requester.map, parts[i]))
            import_gap(
                manifest->import, prepare,
                "download_requester: its %s: a file is asked for by its URL, as the stream "
                "asks: see docs/prepare.md",
                parts[i]);
}

static const struct field async_fields[] = {
    {"creation_requester", NULL, NULL, NULL},
    {"polling_requester", NULL, NULL, NULL},
    {"download_requester", NULL, NULL, NULL},
    {"abort_requester", NULL, NULL, NULL},
    {"delete_requester", NULL, NULL, NULL},
    {"status_extractor", NULL, NULL, NULL},
    {"status_mapping", NULL, NULL, NULL},
    {"download_target_extractor", NULL, NULL, NULL},
    {"urls_extractor", NULL, NULL, NULL},
    {"download_decoder", NULL, NULL, NULL},
    {"decoder", NULL, NULL, NULL},
    {"record_selector", NULL, NULL, NULL},
    {"partition_router", NULL, NULL, NULL},
    {"stream_slicer", NULL, NULL, NULL},
    {"polling_job_timeout", NULL, NULL, NULL},
    {"failed_retry_wait_time_in_seconds", NULL, NULL, NULL},
    {"name", NULL, NULL, NULL},
    {"primary_key", NULL, NULL, NULL},
    {"download_target_requester", NULL, NULL,
     "one more request for the URL of the file: see docs/prepare.md"},
    {"download_extractor", NULL, NULL, "merge_path says where the records of a file are"},
    {"download_paginator", NULL, NULL, "`pagination` beside prepare is that of each file"},
    FIELD_END,
};

void airbyte_async(struct manifest *manifest, const struct component *retriever,
                   struct outline *stream)
{
    struct outline *prepare = outline_map(stream, "prepare");
    const struct yaml_node *timeout = component_get(manifest, retriever, "polling_job_timeout");
    put_request(manifest, retriever, "creation_requester", outline_map(prepare, "request"),
                "POST");
    put_request(manifest, retriever, "polling_requester", outline_map(prepare, "poll"), "GET");
    put_status(manifest, retriever, prepare);
    note_download(manifest, retriever, prepare);
    component_note_rest(manifest, retriever, async_fields, stream);
    if (timeout && timeout->kind != YAML_NUMBER)
        import_gap(manifest->import, prepare,
                   "polling_job_timeout: fill in timeout, such as 30m");
    if (timeout && timeout->kind == YAML_NUMBER)
        outline_put(prepare, "timeout",
                    arena_printf(manifest->import->arena, "%.*sm", STR_ARG(timeout->text)));
    put_files(manifest, retriever, prepare);
    if (component_at(manifest, retriever, "abort_requester").map ||
        component_at(manifest, retriever, "delete_requester").map)
        outline_note(stream,
                     "what the connector asked for to end or delete a report is not done");
}
