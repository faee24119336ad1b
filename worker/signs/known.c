#include "worker/signs/known.h"

#include "worker/signs/spell.h"

/* Rows are laid out by hand. */
#define N(text)                                                                                \
    {                                                                                          \
        .name = text                                                                           \
    }
#define P(text, usual, others)                                                                 \
    {                                                                                          \
        .name = text, .param = usual, .also = others                                           \
    }
#define LIST(symbol, what, ...)                                                                \
    static const struct known symbol##_items[] = {__VA_ARGS__};                                \
    const struct known_list known_##symbol = {what, symbol##_items, COUNT_OF(symbol##_items)}

LIST(containers, "containers", N(""), N("meta"), N("pagination"), N("meta.pagination"),
     N("meta.page"), N("meta.paging"), N("paging"), N("page"), N("pages"), N("page_info"),
     N("pageInfo"), N("paginator"), N("pager"), N("_meta"), N("metadata"), N("_metadata"),
     N("info"), N("hits"), N("response"), N("result"), N("links"), N("_links"),
     N("response_metadata"), N("ResponseMetadata"), N("list_info"),
     N("additional_data.pagination"), N("additional_data"), N("['hydra:view']"), N("view"),
     N("d"), N("result_info"), N("search_metadata"), N("list_metadata"), N("cursors"),
     N("cursor"), N("paging.cursors"), N("meta.cursor"), N("meta.cursors"),
     N("pagination.cursors"), N("meta.links"), N("pagination.links"),
     N("meta.pagination.links"), N("paging.links"), N("page.links"), N("navigation"));

LIST(links, "next links", N("next"), N("next_url"), N("nextUrl"), N("next_link"), N("nextLink"),
     N("next_page"), N("nextPage"), N("next_page_url"), N("nextPageUrl"), N("nextRecordsUrl"),
     N("['@odata.nextLink']"), N("['odata.nextLink']"), N("__next"), N("links.next"),
     N("_links.next"), N("next.url"), N("next_page.uri"), N("['hydra:next']"),
     N("links[rel=next]"), N("links[rel=next].url"), N("links[rel=next].uri"),
     N("link[relation=next].url"), N("link[rel=next]"), N("_links[rel=next]"), N("next_uri"),
     N("next_href"), N("next_page_link"), N("next_page_uri"), N("next_page_href"),
     N("next_results"), N("links[relation=next].url"), N("links[name=next]"),
     N("links[rel=next].href"), N("link[rel=next].url"), N("link[rel=next].uri"),
     N("link[rel=next].href"));

LIST(cursors, "cursors", P("next_cursor", "cursor", "start_cursor next_cursor"),
     P("nextCursor", "cursor", "nextCursor after"),
     P("next_page_token", "page_token", "next_page_token pageToken"),
     P("nextPageToken", "pageToken", "nextPageToken page_token"),
     P("next_token", "next_token", "pagination_token from"),
     P("nextToken", "nextToken", "pageToken token"), P("NextToken", "NextToken", NULL),
     P("continuation_token", "continuation_token", NULL),
     P("continuationToken", "continuationToken", NULL),
     P("ContinuationToken", "ContinuationToken", NULL),
     P("NextContinuationToken", "continuation-token", "ContinuationToken"),
     P("PaginationToken", "PaginationToken", NULL),
     P("LastEvaluatedKey", "ExclusiveStartKey", NULL), P("NextMarker", "Marker", "marker"),
     P("next_marker", "marker", NULL), P("nextMarker", "marker", NULL),
     P("nextCursorMark", "cursorMark", NULL), P("nextPageStart", "start", NULL),
     P("next_start", "start", NULL), P("nextStart", "start", NULL),
     P("next_offset", "offset", NULL), P("nextOffset", "offset", NULL),
     P("next_batch", "from", "since next_batch"), P("next_page_id", "page_id", "next_page_id"),
     P("next_id", "next_id", NULL), P("next.after", "after", NULL),
     P("next.starting_after", "starting_after", NULL), P("_continue", "_continue", NULL),
     P("continue", "continue", NULL), P("next_page", "page", "next_page page"),
     P("nextPage", "page", "nextPage page"), P("next_page_number", "page", NULL),
     P("nextPageNumber", "page", NULL), P("next", "page", "next start"),
     P("next_page_cursor", "cursor", "page_cursor next_page_cursor"),
     P("next_key", "next_key", NULL), P("next_page_key", "next_page_key", NULL),
     P("next_after", "after", NULL), P("next_starting_after", "starting_after", NULL),
     P("resumption_token", "resumption_token", NULL));

LIST(numbers, "page numbers", P("page", "page", NULL), P("current_page", "page", NULL),
     P("currentPage", "page", NULL), P("pageNumber", "pageNumber", NULL),
     P("page_number", "page", NULL), P("page_no", "page_no", NULL), P("pageNo", "pageNo", NULL),
     P("number", "page", NULL), P("pageIndex", "pageIndex", NULL),
     P("page_index", "page_index", NULL), P("page_num", "page_num", NULL),
     P("cur_page", "page", NULL));

LIST(offsets, "offsets", P("offset", "offset", NULL), P("skip", "skip", NULL),
     P("start", "start", NULL), P("startAt", "startAt", NULL), P("start_at", "start_at", NULL),
     P("startIndex", "startIndex", NULL), P("start_index", "start_index", NULL),
     P("from", "from", NULL), P("first_result", "first_result", NULL));

LIST(pages, "page counts", N("total_pages"), N("totalPages"), N("page_count"), N("pageCount"),
     N("last_page"), N("lastPage"), N("num_pages"), N("numPages"), N("nbPages"), N("pages"),
     N("pages_count"), N("total_page"), N("number_of_pages"), N("max_page"),
     N("last_page_number"), N("page_total"));

LIST(totals, "totals", N("total"), N("total_count"), N("totalCount"), N("total_records"),
     N("totalRecords"), N("total_results"), N("totalResults"), N("total_items"),
     N("totalItems"), N("total_entries"), N("total_elements"), N("totalElements"),
     N("total_rows"), N("totalRows"), N("total_hits"), N("totalHits"), N("totalSize"),
     N("total_size"), N("numFound"), N("numberMatched"), N("nbHits"), N("count"),
     N("['@odata.count']"), N("['odata.count']"), N("__count"), N("['hydra:totalItems']"),
     N("total_number"), N("total_item_count"), N("total_found"), N("total_objects"),
     N("items_total"), N("records_filtered"), N("found"), N("num_results"), N("full_count"),
     N("row_count"), N("nhits"));

LIST(flags, "flags of more", N("has_more"), N("hasMore"), N("has_next"), N("hasNext"),
     N("hasNextPage"), N("has_next_page"), N("has_more_items"), N("hasMoreItems"),
     N("has_more_rows"), N("hasMoreResults"), N("has_more_results"),
     N("more_items_in_collection"), N("more_available"), N("moreAvailable"), N("more"),
     N("more_results"), N("truncated"), N("is_truncated"), N("isTruncated"), N("IsTruncated"),
     N("has_more_pages"), N("has_more_data"), N("has_more_records"), N("has_next_pages"),
     N("more_pages"), N("more_records"), N("more_data"), N("more_data_available"),
     N("more_results_available"), N("next_page_available"));

LIST(ends, "flags of the end", N("isLastPage"), N("is_last_page"), N("isLast"), N("is_last"),
     N("lastPage"), N("last_page"), N("last"), N("done"), N("end_of_records"), N("is_end"),
     N("no_more"), N("eof"));

LIST(reached, "places reached", P("endCursor", "after", "cursor"),
     P("end_cursor", "after", "cursor"), P("last_id", "after", "after_id starting_after"),
     P("lastId", "after", "afterId startingAfter"), P("after_cursor", "page[after]", NULL),
     P("cursors.after", "after", NULL), P("Marker", "Marker", NULL),
     P("cursor", "cursor", NULL), P("after", "after", NULL), P("bookmark", "bookmark", NULL));

const struct known known_last_id = {"id", "starting_after", "after after_id"};
const struct known known_end_token = {"end", "from", NULL};

LIST(errors, "errors", N("error"), N("errors"), N("error_message"), N("errorMessage"),
     N("error_msg"), N("error_code"), N("errorCode"), N("fault"), N("exception"));

LIST(successes, "words of success", N("success"), N("Success"), N("succeeded"), N("isSuccess"),
     N("ok"));

LIST(statuses, "words of state", N("status"), N("code"), N("statusCode"), N("status_code"));

LIST(messages, "words beside errors", N("message"), N("messages"), N("msg"), N("detail"),
     N("details"), N("description"), N("error_description"), N("reason"), N("title"), N("type"),
     N("__type"), N("instance"), N("timestamp"), N("time"), N("path"), N("request_id"),
     N("trace_id"), N("documentation_url"), N("help"), N("hint"), N("info"), N("field"));

LIST(partials, "words of parts", N("partial"), N("is_partial"), N("partial_results"),
     N("has_partial_results"), N("responseHeader.partialResults"), N("incomplete"),
     N("is_incomplete"), N("incomplete_results"), N("timed_out"), N("terminated_early"),
     N("_shards.failed"), N("failed_shards"));

LIST(wholes, "words of the whole", N("complete"), N("is_complete"), N("job_complete"));

LIST(total_headers, "total headers", N("x-total-count"), N("x-total"), N("x-wp-total"),
     N("x-totalcount"), N("total-count"), N("total-records"), N("x-total-records"),
     N("x-total-results"), N("x-total-items"), N("x-pagination-total-count"), N("total"),
     N("x-pagination-total"), N("pagination-total"), N("x-total-rows"), N("x-total-elements"),
     N("x-total-objects"), N("x-paging-total-records"), N("x-paging-total-record-count"));

LIST(pages_headers, "page count headers", N("x-total-pages"), N("x-wp-totalpages"),
     N("x-page-count"), N("x-pages"), N("x-pagination-page-count"),
     N("x-pagination-total-pages"), N("total-pages"), N("pagination-pages"),
     N("x-pagination-pages"), N("x-last-page"), N("x-num-pages"), N("x-paging-page-count"),
     N("x-max-page"));

LIST(next_headers, "next headers", P("next-page", "page", NULL), P("x-next-page", "page", NULL),
     P("x-pagination-next", "page", NULL), P("x-next-cursor", "cursor", NULL),
     P("next-cursor", "cursor", NULL), P("x-next-token", "next_token", NULL),
     P("opc-next-page", "page", NULL), P("x-ms-continuationtoken", "continuationToken", NULL),
     P("x-continuation-token", "continuationToken", NULL),
     P("continuation-token", "continuationToken", NULL),
     P("x-ms-continuation", "continuation", NULL), P("x-next", "page", NULL),
     P("x-page-next", "page", NULL), P("x-next-page-url", "page", NULL));

LIST(flag_headers, "flag headers", N("x-has-more"), N("has-more"), N("x-has-next"),
     N("x-has-next-page"), N("x-has-more-pages"), N("x-more"));

LIST(page_params, "page parameters", P("page", "page", "page[number] pagination[page]"),
     N("page[number]"), P("page_number", "page_number", "page"),
     P("pageNumber", "pageNumber", "page"), P("PageNumber", "PageNumber", "page"), N("page_no"),
     N("pageNo"), N("pageno"), N("pageNum"), N("page_num"), P("pageIndex", "pageIndex", "page"),
     P("page_index", "page_index", "page"), N("current_page"), N("currentPage"),
     N("pagination[page]"), N("_page"), N("paged"), N("Page"), N("p"));

LIST(offset_params, "offset parameters", P("offset", "offset", "skip start"), N("page[offset]"),
     N("skip"), N("$skip"), N("start"), N("startAt"), N("start_at"), N("startIndex"),
     N("start_index"), N("from"), N("_start"), N("pagination[start]"), N("resultOffset"),
     N("sysparm_offset"), N("firstResult"), N("Offset"), N("$offset"));

LIST(cursor_params, "cursor parameters", N("cursor"), N("after"), N("page[after]"),
     N("page[cursor]"), N("page_token"), N("pageToken"), N("starting_after"), N("start_cursor"),
     N("after_id"), N("marker"), N("next_token"), N("nextToken"), N("NextToken"),
     N("continuation_token"), N("continuationToken"), N("cursorMark"), N("bookmark"),
     N("page_state"), N("ExclusiveStartKey"), N("PaginationToken"), N("endCursor"),
     N("end_cursor"));

LIST(page_sizes, "page sizes", N("limit"), N("per_page"), N("page_size"));

LIST(size_params, "size parameters", P("limit", "offset", NULL), P("per_page", "page", NULL),
     P("perPage", "page", NULL), P("page_size", "page", NULL), P("pageSize", "page", NULL),
     P("size", "page", NULL), P("rows", "start", NULL), P("top", "skip", NULL),
     P("$top", "$skip", NULL), P("first", "offset", NULL), P("count", "offset", NULL),
     P("page[size]", "page[number]", NULL), P("page[limit]", "page[offset]", NULL),
     P("pagination[pageSize]", "pagination[page]", NULL),
     P("pagination[limit]", "pagination[start]", NULL), P("_per_page", "_page", NULL),
     P("_limit", "_page", NULL), P("max_results", "page", NULL),
     P("maxResults", "startAt", NULL), P("pagesize", "page", NULL),
     P("maxRecords", "offset", NULL), P("per-page", "page", NULL), P("$limit", "$offset", NULL),
     P("sysparm_limit", "sysparm_offset", NULL), P("resultsPerPage", "startIndex", NULL),
     P("Limit", "Offset", NULL), P("MaxResults", "Offset", NULL),
     P("max-keys", "offset", NULL));

const struct known_list *const known_lists[] = {
    &known_containers,    &known_totals,       &known_pages,         &known_flags,
    &known_ends,          &known_links,        &known_cursors,       &known_reached,
    &known_numbers,       &known_offsets,      &known_total_headers, &known_pages_headers,
    &known_next_headers,  &known_flag_headers, &known_page_params,   &known_offset_params,
    &known_cursor_params, &known_page_sizes,   &known_size_params,   &known_errors,
    &known_successes,     &known_statuses,     &known_messages,      &known_partials,
    &known_wholes,
};
const size_t known_list_count = COUNT_OF(known_lists);

const struct known *known_find(const struct known_list *list, struct str name)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_is(name, list->items[i].name))
            return &list->items[i];
    for (size_t i = 0; i < list->count; i++)
        if (spell_is_same(name, str_from(list->items[i].name)))
            return &list->items[i];
    return NULL;
}

static bool ends_in(struct str path, struct str name)
{
    size_t before = path.len - name.len;
    return str_ends(path, name) && (!before || path.ptr[before - 1] == '.');
}

const struct known *known_find_at_end(const struct known_list *list, struct str path)
{
    for (size_t i = 0; i < list->count; i++)
        if (ends_in(path, str_from(list->items[i].name)))
            return &list->items[i];
    for (size_t i = 0; i < list->count; i++)
        if (spell_ends(path, str_from(list->items[i].name)))
            return &list->items[i];
    return NULL;
}
