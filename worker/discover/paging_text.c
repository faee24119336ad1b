#include "worker/discover/paging_text.h"

#include "base/json_out.h"
#include "worker/signs/pager_words.h"

enum { PAGING_BYTES_MAX = 64 * 1024 };

static void put_text(struct buf *out, const char *key, struct str text)
{
    buf_printf(out, ", %s: ", key);
    json_out_quote(out, text);
}

static void put_locator(struct buf *out, const char *key, const struct locator *locator)
{
    if (locator->kind != LOCATOR_NONE)
        put_text(out, key, locator->source);
}

/* A flag of the end says the other thing, and where it is left out more follows. */
static void put_flag(struct buf *out, struct arena *arena, const struct pagination *how)
{
    struct str path = how->has_more.source;
    if (how->has_more.kind == LOCATOR_NONE || !how->is_flag_of_end) {
        put_locator(out, "has_more_path", &how->has_more);
        return;
    }
    const char *dot = str_starts(path, STR("[")) ? "" : ".";
    put_text(out, "has_more_path",
             arena_printf(arena, "{{ not response%s%.*s }}", dot, STR_ARG(path)));
}

static void put_param(struct buf *out, struct arena *arena, const struct param_place *param)
{
    put_text(out, "param",
             param->place == PLACE_BODY
                 ? arena_printf(arena, "body:%.*s", STR_ARG(param->path.source))
                 : param->name);
}

static void put_start(struct buf *out, int64_t start, int64_t usual)
{
    if (start != usual && start >= 0)
        buf_printf(out, ", start: %lld", (long long)start);
}

static void put_ends(struct buf *out, struct arena *arena, const struct pagination *how)
{
    put_locator(out, "total_path", &how->total);
    put_locator(out, "total_pages_path", &how->total_pages);
    put_flag(out, arena, how);
}

static void put_cursor(struct buf *out, struct arena *arena, const struct pagination *how)
{
    const char *dot = str_starts(how->cursor.source, STR("[")) ? "" : ".";
    if (how->spreads_cursor) {
        struct str at = arena_printf(arena, "response%s%.*s", dot, STR_ARG(how->cursor.source));
        buf_puts(out, "{type: response_based");
        put_text(out, "continue_while",
                 arena_printf(arena, "{{ %.*s is defined }}", STR_ARG(at)));
        buf_puts(out, ", next_page: {params: ");
        json_out_quote(out, arena_printf(arena, "{{ %.*s }}", STR_ARG(at)));
        buf_puts(out, "}, merge_strategy: append, max_iterations: 1000000");
        return;
    }
    buf_puts(out, "{type: cursor");
    put_locator(out, "cursor_path", &how->cursor);
    put_param(out, arena, &how->param);
    pager_words_put_alone(out, how);
    put_ends(out, arena, how);
}

struct str paging_text(struct arena *arena, const struct pager *pager, int64_t start)
{
    const struct pagination *how = pager->in_force;
    AUTO_BUF(out, PAGING_BYTES_MAX);
    switch (how->type) {
    case PAGINATE_LINK_HEADER:
        buf_puts(&out, "{type: link_header");
        break;
    case PAGINATE_NEXT_URL:
        buf_puts(&out, "{type: next_url");
        put_locator(&out, "next_path", &how->next);
        put_ends(&out, arena, how);
        if (how->next_page.method.len)
            buf_printf(&out, ", next_page: {method: %.*s}", STR_ARG(how->next_page.method));
        break;
    case PAGINATE_CURSOR:
        put_cursor(&out, arena, how);
        break;
    case PAGINATE_PAGE:
        buf_puts(&out, "{type: page");
        put_param(&out, arena, &how->param);
        put_start(&out, start, 1);
        put_ends(&out, arena, how);
        break;
    case PAGINATE_OFFSET:
        buf_puts(&out, "{type: offset");
        put_param(&out, arena, &how->param);
        put_start(&out, start, 0);
        put_ends(&out, arena, how);
        break;
    default:
        return STR_NONE;
    }
    buf_put_byte(&out, '}');
    return arena_str(arena, buf_str(&out));
}

struct str paging_text_with(struct arena *arena, struct str paging, struct str member)
{
    return arena_printf(arena, "%.*s, %.*s}", STR_ARG(str_slice(paging, 0, paging.len - 1)),
                        STR_ARG(member));
}
