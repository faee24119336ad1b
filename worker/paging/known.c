#include "worker/paging/known.h"

/* Rows are laid out by hand. */
#define N(text)                                                                                \
    {                                                                                          \
        .name = text                                                                           \
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
     N("d"));

LIST(links, "next links", N("next"), N("next_url"), N("nextUrl"), N("next_link"), N("nextLink"),
     N("next_page"), N("nextPage"), N("next_page_url"), N("nextPageUrl"), N("nextRecordsUrl"),
     N("['@odata.nextLink']"), N("['odata.nextLink']"), N("__next"), N("links.next"),
     N("_links.next"), N("next.url"), N("next_page.uri"), N("['hydra:next']"),
     N("links[rel=next]"), N("links[rel=next].url"), N("links[rel=next].uri"),
     N("link[relation=next].url"), N("link[rel=next]"), N("_links[rel=next]"));

LIST(cursors, "cursors", {"next_cursor", "cursor"}, {"nextCursor", "cursor"},
     {"next_page_token", "page_token"}, {"nextPageToken", "pageToken"},
     {"next_token", "next_token"}, {"nextToken", "nextToken"}, {"NextToken", "NextToken"},
     {"continuation_token", "continuation_token"}, {"continuationToken", "continuationToken"},
     {"ContinuationToken", "ContinuationToken"}, {"NextContinuationToken", "ContinuationToken"},
     {"PaginationToken", "PaginationToken"}, {"LastEvaluatedKey", "ExclusiveStartKey"},
     {"NextMarker", "Marker"}, {"next_marker", "marker"}, {"nextMarker", "marker"},
     {"nextCursorMark", "cursorMark"}, {"nextPageStart", "start"}, {"next_start", "start"},
     {"nextStart", "start"}, {"next_offset", "offset"}, {"nextOffset", "offset"},
     {"next_batch", "from"}, {"next_page_id", "page_id"}, {"next_id", "next_id"},
     {"next.after", "after"}, {"next.starting_after", "starting_after"},
     {"_continue", "_continue"}, {"continue", "continue"}, {"next_page", "page"},
     {"nextPage", "page"}, {"next_page_number", "page"}, {"nextPageNumber", "page"},
     {"next", "page"});

LIST(numbers, "page numbers", {"page", "page"}, {"current_page", "page"},
     {"currentPage", "page"}, {"page_number", "page"}, {"pageNumber", "pageNumber"},
     {"page_no", "page_no"}, {"pageNo", "pageNo"}, {"number", "page"},
     {"pageIndex", "pageIndex"}, {"page_index", "page_index"});

LIST(offsets, "offsets", {"offset", "offset"}, {"skip", "skip"}, {"start", "start"},
     {"startAt", "startAt"}, {"start_at", "start_at"}, {"startIndex", "startIndex"},
     {"start_index", "start_index"}, {"from", "from"});

LIST(pages, "page counts", N("total_pages"), N("totalPages"), N("page_count"), N("pageCount"),
     N("last_page"), N("lastPage"), N("num_pages"), N("numPages"), N("nbPages"), N("pages"),
     N("pages_count"));

LIST(totals, "totals", N("total"), N("total_count"), N("totalCount"), N("total_records"),
     N("totalRecords"), N("total_results"), N("totalResults"), N("total_items"),
     N("totalItems"), N("total_entries"), N("total_elements"), N("totalElements"),
     N("total_rows"), N("totalRows"), N("total_hits"), N("totalHits"), N("totalSize"),
     N("total_size"), N("numFound"), N("numberMatched"), N("nbHits"), N("count"),
     N("['@odata.count']"), N("['odata.count']"), N("__count"), N("['hydra:totalItems']"));

LIST(flags, "flags of more", N("has_more"), N("hasMore"), N("has_next"), N("hasNext"),
     N("hasNextPage"), N("has_next_page"), N("has_more_items"), N("hasMoreItems"),
     N("has_more_rows"), N("hasMoreResults"), N("has_more_results"),
     N("more_items_in_collection"), N("more_available"), N("moreAvailable"), N("more"),
     N("more_results"), N("truncated"), N("is_truncated"), N("isTruncated"), N("IsTruncated"));

LIST(ends, "flags of the end", N("isLastPage"), N("is_last_page"), N("isLast"), N("is_last"),
     N("lastPage"), N("last_page"), N("last"), N("done"));

LIST(reached, "places reached", {"endCursor", "after"}, {"end_cursor", "after"},
     {"last_id", "after"}, {"lastId", "after"}, {"after_cursor", "page[after]"},
     {"cursors.after", "after"}, {"Marker", "Marker"}, {"cursor", "cursor"}, {"after", "after"},
     {"bookmark", "bookmark"});

LIST(total_headers, "total headers", N("x-total-count"), N("x-total"), N("x-wp-total"),
     N("x-totalcount"), N("total-count"), N("total-records"), N("x-total-records"),
     N("x-total-results"), N("x-total-items"), N("x-pagination-total-count"));

LIST(pages_headers, "page count headers", N("x-total-pages"), N("x-wp-totalpages"),
     N("x-page-count"), N("x-pages"), N("x-pagination-page-count"),
     N("x-pagination-total-pages"), N("total-pages"));

LIST(next_headers, "next headers", {"next-page", "page"}, {"x-next-page", "page"},
     {"x-pagination-next", "page"}, {"x-next-cursor", "cursor"}, {"next-cursor", "cursor"},
     {"x-next-token", "next_token"}, {"opc-next-page", "page"},
     {"x-ms-continuationtoken", "continuationToken"});

LIST(page_params, "page parameters", N("page"), N("page[number]"), N("page_number"),
     N("pageNumber"), N("PageNumber"), N("page_no"), N("pageNo"), N("pageno"), N("pageNum"),
     N("page_num"), N("pageIndex"), N("page_index"), N("current_page"), N("currentPage"),
     N("pagination[page]"), N("_page"), N("paged"), N("Page"), N("p"));

LIST(offset_params, "offset parameters", N("offset"), N("page[offset]"), N("skip"), N("$skip"),
     N("start"), N("startAt"), N("start_at"), N("startIndex"), N("start_index"), N("from"),
     N("_start"), N("pagination[start]"), N("resultOffset"), N("sysparm_offset"),
     N("firstResult"), N("Offset"), N("$offset"));

LIST(cursor_params, "cursor parameters", N("cursor"), N("after"), N("page[after]"),
     N("page[cursor]"), N("page_token"), N("pageToken"), N("starting_after"), N("start_cursor"),
     N("after_id"), N("marker"), N("next_token"), N("nextToken"), N("NextToken"),
     N("continuation_token"), N("continuationToken"), N("cursorMark"), N("bookmark"),
     N("page_state"), N("ExclusiveStartKey"), N("PaginationToken"));

LIST(size_params, "size parameters", {"limit", "offset"}, {"per_page", "page"},
     {"perPage", "page"}, {"page_size", "page"}, {"pageSize", "page"}, {"size", "page"},
     {"rows", "start"}, {"top", "skip"}, {"$top", "$skip"}, {"first", "offset"},
     {"count", "offset"}, {"page[size]", "page[number]"}, {"page[limit]", "page[offset]"},
     {"pagination[pageSize]", "pagination[page]"}, {"pagination[limit]", "pagination[start]"},
     {"_per_page", "_page"}, {"_limit", "_page"}, {"max_results", "page"},
     {"maxResults", "startAt"}, {"pagesize", "page"}, {"maxRecords", "offset"},
     {"per-page", "page"}, {"$limit", "$offset"}, {"sysparm_limit", "sysparm_offset"},
     {"resultsPerPage", "startIndex"}, {"Limit", "Offset"}, {"MaxResults", "Offset"},
     {"max-keys", "offset"});

const struct known_list *const known_lists[] = {
    &known_containers,   &known_totals,      &known_pages,         &known_flags,
    &known_ends,         &known_links,       &known_cursors,       &known_reached,
    &known_numbers,      &known_offsets,     &known_total_headers, &known_pages_headers,
    &known_next_headers, &known_page_params, &known_offset_params, &known_cursor_params,
    &known_size_params,
};
const size_t known_list_count = COUNT_OF(known_lists);

const struct known *known_find(const struct known_list *list, struct str name)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_is(name, list->items[i].name))
            return &list->items[i];
    return NULL;
}
