#include "port/digest.h"
#include "port/hash.h"
#include "worker/exchange/request_internal.h"

static bool secret_text(struct draft *draft, const struct template *template, struct str *ret,
                        struct err *err)
{
    struct value value;
    if (!template_fill(template, draft->scope, true, draft->arena, &value, err))
        return err_wrap(err, "auth");
    *ret = request_text(draft->arena, value);
    draft->credential = hash_fold(draft->credential, hash_bytes(*ret, 0));
    return true;
}

static bool fill_basic(struct draft *draft, struct err *err)
{
    const struct auth *auth = &draft->stream->auth;
    struct str user, password;
    if (!secret_text(draft, &auth->user, &user, err) ||
        !secret_text(draft, &auth->password, &password, err))
        return false;
    struct str pair = arena_printf(draft->arena, "%.*s:%.*s", STR_ARG(user), STR_ARG(password));
    struct str coded = digest_base64(draft->arena, pair);
    return request_put_header(draft, STR("Authorization"),
                              arena_printf(draft->arena, "Basic %.*s", STR_ARG(coded)), err);
}

static bool fill_auth(struct draft *draft, struct err *err)
{
    const struct auth *auth = &draft->stream->auth;
    struct str secret;
    if (auth->type == AUTH_NONE)
        return true;
    if (auth->type == AUTH_BASIC)
        return fill_basic(draft, err);
    bool bearer = auth->type == AUTH_BEARER;
    if (!secret_text(draft, bearer ? &auth->token : &auth->value, &secret, err))
        return false;
    if (bearer)
        return request_put_header(draft, STR("Authorization"),
                                  arena_printf(draft->arena, "Bearer %.*s", STR_ARG(secret)),
                                  err);
    if (!auth->is_in_query)
        return request_put_header(draft, auth->name, secret, err);
    request_put_pair(draft, &draft->secret_query, auth->name, value_string(secret));
    return true;
}

/* Members of next_page that name a credential are not part of the paging state. */
static bool fill_next(struct draft *draft, enum placement place, struct err *err)
{
    const struct next_page *next = &draft->stream->pagination.next_page;
    const struct template *map = place == PLACE_HEADER ? next->headers : next->params;
    if (draft->pager->page == 0 || !map || map->kind != TEMPLATE_MAP)
        return true;
    for (size_t i = 0; i < map->count; i++) {
        struct value value;
        if (!secrets_used_by(&map->items[i]))
            continue;
        if (!template_fill(&map->items[i], draft->scope, true, draft->arena, &value, err))
            return err_wrap(err, "next_page: %.*s", STR_ARG(map->keys[i]));
        struct str text = request_text(draft->arena, value);
        if (place != PLACE_HEADER)
            request_put_param(draft, &draft->secret_query, map->keys[i], value);
        else if (!request_leaves_out(value) &&
                 !request_put_header(draft, map->keys[i], text, err))
            return false;
    }
    return true;
}

bool request_fill_secrets(struct draft *draft, struct request *request, struct err *err)
{
    request->public_header_count = draft->header_count;
    if (!draft->is_own)
        return true;
    if (!request_put_headers(draft, true, err) || !fill_next(draft, PLACE_HEADER, err) ||
        !request_put_params(draft, true, err) || !fill_next(draft, PLACE_QUERY, err) ||
        !fill_auth(draft, err))
        return false;
    struct str query = arena_str(draft->arena, buf_str(&draft->secret_query));
    request->secret_query = query;
    request->credential = hash_fold(draft->credential, hash_bytes(query, 0));
    return !draft->secret_query.overflow ||
           err_set(err, ERR_INPUT, "request", 0, "the URL is over %d bytes", REQUEST_URL_MAX);
}
