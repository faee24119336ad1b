#include "worker/exchange/request_auth.h"

#include "port/digest.h"
#include "port/hash.h"
#include "worker/access/secrets.h"

static bool secret_text(struct request_draft *draft, const struct template *template,
                        struct str *ret, struct err *err)
{
    struct value value;
    if (!request_draft_eval(draft, template, &value, err))
        return err_wrap(err, "auth");
    *ret = request_draft_text(draft->arena, value);
    draft->credential = hash_fold(draft->credential, hash_bytes(*ret, 0));
    return true;
}

static bool fill_basic(struct request_draft *draft, struct err *err)
{
    const struct auth *auth = &draft->stream->auth;
    struct str user, password;
    if (!secret_text(draft, &auth->user, &user, err) ||
        !secret_text(draft, &auth->password, &password, err))
        return false;
    struct str pair = arena_printf(draft->arena, "%.*s:%.*s", STR_ARG(user), STR_ARG(password));
    struct str coded = digest_base64(draft->arena, pair);
    return request_draft_put_header(draft, STR("Authorization"),
                                    arena_printf(draft->arena, "Basic %.*s", STR_ARG(coded)),
                                    err);
}

static bool fill_auth(struct request_draft *draft, struct err *err)
{
    const struct auth *auth = &draft->stream->auth;
    struct str secret;
    if (auth->type != AUTH_BEARER && auth->type != AUTH_BASIC && auth->type != AUTH_API_KEY)
        return true; /* the others come when it is sent: request_sign.h */
    if (auth->type == AUTH_BASIC)
        return fill_basic(draft, err);
    bool bearer = auth->type == AUTH_BEARER;
    if (!secret_text(draft, bearer ? &auth->token : &auth->value, &secret, err))
        return false;
    if (bearer)
        return request_draft_put_header(
            draft, STR("Authorization"),
            arena_printf(draft->arena, "Bearer %.*s", STR_ARG(secret)), err);
    if (!auth->is_in_query)
        return request_draft_put_header(draft, auth->name, secret, err);
    request_draft_put_pair(draft, &draft->secret_query, auth->name, value_string(secret));
    return true;
}

/* Members of next_page that name a credential are not part of the paging state. */
static bool fill_next(struct request_draft *draft, enum placement place, struct err *err)
{
    const struct next_page *next = &draft->stream->pagination.next_page;
    const struct template *map = place == PLACE_HEADER ? next->headers : next->params;
    if (draft->pager->page == 0 || !map || map->kind != TEMPLATE_MAP)
        return true;
    for (size_t i = 0; i < map->count; i++) {
        struct value value;
        if (!secrets_used_by(&map->items[i]))
            continue;
        if (!request_draft_eval(draft, &map->items[i], &value, err))
            return err_wrap(err, "next_page: %.*s", STR_ARG(map->keys[i]));
        struct str text = request_draft_text(draft->arena, value);
        if (place != PLACE_HEADER)
            request_draft_put_param(draft, &draft->secret_query, map->keys[i], value);
        else if (!request_draft_leaves_out(value) &&
                 !request_draft_put_header(draft, map->keys[i], text, err))
            return false;
    }
    return true;
}

/* The pager's own headers that are credentials: request.c left them out. */
static bool fill_pager_headers(struct request_draft *draft, struct err *err)
{
    for (size_t i = 0; i < draft->params.count; i++) {
        const struct pager_param *param = &draft->params.items[i];
        struct str text = request_draft_text(draft->arena, param->value);
        if (param->place->place == PLACE_HEADER && !request_draft_leaves_out(param->value) &&
            request_draft_is_secret(draft, param) &&
            !request_draft_put_header(draft, param->place->name, text, err))
            return false;
    }
    return true;
}

bool request_auth_fill(struct request_draft *draft, struct err *err)
{
    draft->public_header_count = draft->header_count;
    if (!draft->is_home)
        return true;
    if (!request_draft_put_own_headers(draft, true, err) || !fill_pager_headers(draft, err) ||
        !fill_next(draft, PLACE_HEADER, err) ||
        !request_draft_put_own_params(draft, true, err) ||
        !fill_next(draft, PLACE_QUERY, err) || !fill_auth(draft, err))
        return false;
    draft->credential =
        hash_fold(draft->credential, hash_bytes(buf_str(&draft->secret_query), 0));
    return !draft->secret_query.has_overflowed ||
           err_set(err, ERR_INPUT, "request", 0, "the URL is over %d bytes", REQUEST_URL_MAX);
}
