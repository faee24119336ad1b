#include "config/import/airbyte.h"

/* Authenticators. Whatever is a credential becomes a variable of the environment. */

struct auth_kind {
    const char *type;
    void (*read)(struct manifest *manifest, const struct component *auth, struct outline *to);
};

static void read_bearer(struct manifest *manifest, const struct component *auth,
                        struct outline *to)
{
    outline_put(to, "type", STR("bearer"));
    airbyte_put_secret(manifest, auth, "api_token", to, "token");
}

/* "{{ env.A }}-x" as one expression: env.A ~ '-x' */
static struct str joined(struct arena *arena, struct str text)
{
    struct str all = STR_NONE;
    for (size_t end; text.len; text = str_slice(text, end, text.len)) {
        ptrdiff_t at = str_find(text, STR("{{")), len = str_find(text, STR("}}"));
        bool is_expression = at == 0 && len > 0;
        end = is_expression ? (size_t)len + 2 : at > 0 ? (size_t)at : text.len;
        struct str part = str_slice(text, 0, end);
        const char *quote = str_find_byte(part, '\'') < 0 ? "'" : "\"";
        part = is_expression ? str_trim(str_slice(part, 2, part.len - 2))
                             : arena_printf(arena, "%s%.*s%s", quote, STR_ARG(part), quote);
        all = arena_join(arena, all, " ~ ", part);
    }
    return all;
}

/* A user without a password is a key: Airbyte sends "user:" in base64. */
static void put_lone_user(struct manifest *manifest, const struct component *auth,
                          struct outline *to)
{
    struct arena *arena = manifest->import->arena;
    airbyte_put_secret(manifest, auth, "username", to, "user");
    struct str user = joined(arena, outline_text(outline_find(to, "user")));
    outline_remove(to, "user");
    outline_put(to, "type", STR("api_key"));
    outline_put(to, "in", STR("header"));
    outline_put(to, "name", STR("Authorization"));
    outline_put(to, "value",
                arena_printf(arena, "Basic {{ (%.*s ~ ':') | b64encode }}", STR_ARG(user)));
}

static void read_basic(struct manifest *manifest, const struct component *auth,
                       struct outline *to)
{
    const struct yaml_node *password = component_get(manifest, auth, "password");
    if (!password || (yaml_is_scalar(password) && !password->text.len)) {
        put_lone_user(manifest, auth, to);
        return;
    }
    outline_put(to, "type", STR("basic"));
    airbyte_put_secret(manifest, auth, "username", to, "user");
    airbyte_put_secret(manifest, auth, "password", to, "password");
}

/* Where a token goes; `header` is the older way to say it. */
static void put_send(struct manifest *manifest, const struct component *auth,
                     struct outline *to, const char *in, const char *name)
{
    struct component option = component_at(manifest, auth, "inject_into");
    struct str place, header = import_text(component_get(manifest, auth, "header"));
    if (!option.map)
        option = component_at(manifest, auth, "request_option");
    bool is_query = false;
    if (option.map && airbyte_place(manifest, &option, &place)) {
        if (str_starts(place, STR("header:")))
            header = str_slice(place, 7, place.len);
        else if (!str_starts(place, STR("body:"))) {
            header = place;
            is_query = true;
        } else
            import_gap(manifest->import, to,
                       "the credential goes into the body: write body of the streams with "
                       "\"{{ env.NAME }}\" there, and no auth");
    }
    if (!header.len)
        header = STR("Authorization");
    if (in)
        outline_put(to, in, is_query ? STR("query") : STR("header"));
    if (in)
        outline_put(to, name, header);
    else
        outline_put(outline_map(to, "send"), is_query ? "param" : "header", header);
}

static void read_api_key(struct manifest *manifest, const struct component *auth,
                         struct outline *to)
{
    outline_put(to, "type", STR("api_key"));
    put_send(manifest, auth, to, "in", "name");
    airbyte_put_secret(manifest, auth, "api_token", to, "value");
}

/* [a, b] → "a b" */
static void put_scopes(struct manifest *manifest, const struct component *auth,
                       struct outline *to)
{
    const struct yaml_node *list = component_get(manifest, auth, "scopes");
    struct str all = STR_NONE, one;
    for (size_t i = 0; i < component_count(list); i++)
        if (airbyte_text(manifest, auth->scope, list->kind == YAML_LIST ? list->items[i] : list,
                         &one))
            all = arena_join(manifest->import->arena, all, " ", one);
        else
            import_gap(manifest->import, to, "scopes: one has no counterpart, and is left out");
    if (all.len)
        outline_put(to, "scope", all);
}

static void put_other_names(struct manifest *manifest, const struct component *auth,
                            struct outline *to)
{
    static const char *const names[][2] = {{"client_id_name", "client_id"},
                                           {"client_secret_name", "client_secret"},
                                           {"refresh_token_name", "refresh_token"},
                                           {"grant_type_name", "grant_type"}};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct str name = import_text(component_get(manifest, auth, names[i][0]));
        if (name.len && !str_is(name, names[i][1]))
            import_gap(manifest->import, to,
                       "%s: the token is asked for with a name of its own: use auth: {type: "
                       "login, url: …, body: …}",
                       names[i][0]);
    }
}

static void put_refresh(struct manifest *manifest, const struct component *auth,
                        struct outline *to)
{
    airbyte_put_secret(manifest, auth, "refresh_token", to, "refresh_token");
    if (component_get(manifest, auth, "refresh_token_updater"))
        import_gap(manifest->import, to,
                   "refresh_token_updater: each refresh token is good once: name a file, "
                   "refresh_store: tokens/%.*s",
                   STR_ARG(import_source_name(manifest->import)));
}

static void read_oauth(struct manifest *manifest, const struct component *auth,
                       struct outline *to)
{
    struct str grant = import_text(component_get(manifest, auth, "grant_type"));
    const struct yaml_node *body = component_get(manifest, auth, "refresh_request_body");
    if (!grant.len)
        grant = STR("refresh_token");
    outline_put(to, "type", STR("oauth2"));
    outline_put(to, "grant", grant);
    if (airbyte_put(manifest, auth, "token_refresh_endpoint", to, "token_url"))
        outline_put(
            to, "token_url",
            import_url(manifest->import, to, outline_text(outline_find(to, "token_url"))));
    if (component_get(manifest, auth, "client_id"))
        airbyte_put_secret(manifest, auth, "client_id", to, "client_id");
    if (component_get(manifest, auth, "client_secret"))
        airbyte_put_secret(manifest, auth, "client_secret", to, "client_secret");
    if (str_is(grant, "refresh_token"))
        put_refresh(manifest, auth, to);
    else if (!str_is(grant, "client_credentials") && !str_is(grant, "password"))
        import_gap(manifest->import, to, "grant_type %.*s: see docs/credentials.md",
                   STR_ARG(grant));
    put_scopes(manifest, auth, to);
    manifest->is_credential = true;
    if (body)
        airbyte_put_value(manifest, auth->scope, body, to, "params");
    manifest->is_credential = false;
    airbyte_put(manifest, auth, "access_token_name", to, "token_path");
    airbyte_put(manifest, auth, "expires_in_name", to, "expires_path");
    put_other_names(manifest, auth, to);
    if (component_get(manifest, auth, "refresh_request_headers"))
        import_gap(manifest->import, to,
                   "refresh_request_headers: for a header of one's own use "
                   "auth: {type: login, url: …, headers: …}");
}

/* "P1D" → a number of seconds */
static void put_seconds(struct manifest *manifest, const struct component *auth,
                        const char *member, struct outline *to, const char *key)
{
    int64_t seconds;
    struct str text = import_text(component_get(manifest, auth, member));
    if (text.len && (airbyte_seconds(text, &seconds) || str_to_int64(text, &seconds)))
        outline_put_raw(to, key,
                        arena_printf(manifest->import->arena, "%lld", (long long)seconds));
}

/* "{{ env.A }}" inside of an expression: env.A */
static struct str as_operand(struct arena *arena, const struct outline *made, const char *key)
{
    return joined(arena, outline_text(outline_find(made, key)));
}

/*
 * How the request of the login signs in itself. `login` has no auth of its own, but headers
 * and params, where what it is can stand.
 */
static void put_login_auth(struct manifest *manifest, const struct component *login,
                           struct outline *to)
{
    struct component auth = component_at(manifest, login, "authenticator");
    struct arena *arena = manifest->import->arena;
    struct outline *made = outline_new(arena);
    if (auth.map)
        airbyte_auth(manifest, &auth, made);
    outline_take_notes(to, made);
    struct str type = outline_text(outline_find(made, "type"));
    struct str user = as_operand(arena, made, "user");
    struct str password = as_operand(arena, made, "password");
    bool is_query = str_is(outline_text(outline_find(made, "in")), "query");
    if (str_is(type, "basic"))
        outline_put(outline_map(to, "headers"), "Authorization",
                    arena_printf(arena, "Basic {{ (%.*s ~ ':' ~ %.*s) | b64encode }}",
                                 STR_ARG(user), STR_ARG(password)));
    else if (str_is(type, "bearer"))
        outline_put(
            outline_map(to, "headers"), "Authorization",
            arena_join(arena, STR("Bearer"), " ", outline_text(outline_find(made, "token"))));
    else if (str_is(type, "api_key"))
        outline_put(outline_map(to, is_query ? "params" : "headers"),
                    arena_cstr(arena, outline_text(outline_find(made, "name"))),
                    outline_text(outline_find(made, "value")));
    else if (type.len && !str_is(type, "none"))
        import_gap(manifest->import, to,
                   "login_requester: its authenticator %.*s has no counterpart in a login",
                   STR_ARG(component_type(&auth)));
}

static void put_login(struct manifest *manifest, const struct component *login,
                      struct outline *to)
{
    struct outline *request = outline_new(manifest->import->arena);
    static const char *const keys[] = {"method", "params", "headers", "body", "body_type"};
    struct str base, path;
    airbyte_request(manifest, login, request);
    base = outline_text(outline_find(request, "base_url"));
    path = outline_text(outline_find(request, "path"));
    if (outline_find(request, "url"))
        path = outline_text(outline_find(request, "url"));
    outline_put(
        to, "url",
        arena_printf(manifest->import->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(path)));
    if (!outline_find(request, "method"))
        outline_put(to, "method", STR("GET"));
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        outline_move(to, request, keys[i]);
    put_login_auth(manifest, login, to);
}

static void read_session(struct manifest *manifest, const struct component *auth,
                         struct outline *to)
{
    struct component login = component_at(manifest, auth, "login_requester");
    struct component use = component_at(manifest, auth, "request_authentication");
    struct str path;
    outline_put(to, "type", STR("login"));
    manifest->is_credential = true;
    put_login(manifest, &login, to);
    manifest->is_credential = false;
    if (airbyte_path(manifest, auth->scope, component_get(manifest, auth, "session_token_path"),
                     &path))
        outline_put(to, "token_path", path);
    put_seconds(manifest, auth, "expiration_duration", to, "ttl");
    if (str_is(component_type(&use), "ApiKey"))
        put_send(manifest, &use, to, NULL, NULL);
}

static void put_claims(struct manifest *manifest, const struct component *auth,
                       const char *member, struct outline *to, const char *key)
{
    const struct yaml_node *map = component_get(manifest, auth, member);
    manifest->is_credential = true;
    if (map)
        airbyte_put_value(manifest, auth->scope, map, to, key);
    manifest->is_credential = false;
}

static void read_jwt(struct manifest *manifest, const struct component *auth,
                     struct outline *to)
{
    struct str prefix = import_text(component_get(manifest, auth, "header_prefix"));
    struct component option = component_at(manifest, auth, "request_option");
    outline_put(to, "type", STR("jwt"));
    airbyte_put(manifest, auth, "algorithm", to, "alg");
    airbyte_put_secret(manifest, auth, "secret_key", to, "key");
    put_claims(manifest, auth, "jwt_payload", to, "claims");
    put_claims(manifest, auth, "additional_jwt_payload", to, "claims");
    put_claims(manifest, auth, "jwt_headers", to, "header");
    put_claims(manifest, auth, "additional_jwt_headers", to, "header");
    put_seconds(manifest, auth, "token_duration", to, "ttl");
    if (option.map)
        put_send(manifest, auth, to, NULL, NULL);
    if (prefix.len && !str_is(prefix, "Bearer"))
        outline_put(outline_map(to, "send"), "prefix",
                    arena_printf(manifest->import->arena, "%.*s ", STR_ARG(prefix)));
    if (prefix.len && !outline_find(outline_map(to, "send"), "header"))
        outline_put(outline_map(to, "send"), "header", STR("Authorization"));
    if (!outline_count(outline_find(to, "send")))
        outline_remove(to, "send");
    if (import_is_true(component_get(manifest, auth, "base64_encode_secret_key")))
        import_gap(manifest->import, to,
                   "base64_encode_secret_key: put the key into the environment in base64");
}

static void read_none(struct manifest *manifest, const struct component *auth,
                      struct outline *to)
{
    (void)manifest;
    (void)auth;
    outline_put(to, "type", STR("none"));
}

/* The user chose one of them when the connector was set up. */
static void read_selective(struct manifest *manifest, const struct component *auth,
                           struct outline *to)
{
    const struct yaml_node *map = component_get(manifest, auth, "authenticators");
    if (!map || map->kind != YAML_MAP || !map->count)
        return;
    struct component first = component_open(manifest, map->items[0], auth->scope);
    airbyte_auth(manifest, &first, to);
    import_gap(manifest->import, to,
               "the connector lets one choose between %zu ways to sign in; this is %.*s",
               map->count, STR_ARG(map->items[0]->key));
}

static const struct auth_kind kinds[] = {
    {"BearerAuthenticator", read_bearer},        {"BasicHttpAuthenticator", read_basic},
    {"ApiKeyAuthenticator", read_api_key},       {"OAuthAuthenticator", read_oauth},
    {"SessionTokenAuthenticator", read_session}, {"JwtAuthenticator", read_jwt},
    {"SelectiveAuthenticator", read_selective},  {"NoAuth", read_none},
};

/* Of all kinds: what is read by name above, or means nothing here. */
static const struct field auth_fields[] = {
    {"api_token", NULL, NULL, NULL},
    {"inject_into", NULL, NULL, NULL},
    {"header", NULL, NULL, NULL},
    {"username", NULL, NULL, NULL},
    {"password", NULL, NULL, NULL},
    {"grant_type", NULL, NULL, NULL},
    {"grant_type_name", NULL, NULL, NULL},
    {"token_refresh_endpoint", NULL, NULL, NULL},
    {"client_id", NULL, NULL, NULL},
    {"client_id_name", NULL, NULL, NULL},
    {"client_secret", NULL, NULL, NULL},
    {"client_secret_name", NULL, NULL, NULL},
    {"refresh_token", NULL, NULL, NULL},
    {"refresh_token_name", NULL, NULL, NULL},
    {"refresh_token_updater", NULL, NULL, NULL},
    {"refresh_request_body", NULL, NULL, NULL},
    {"refresh_request_headers", NULL, NULL, NULL},
    {"refresh_token_error_status_codes", NULL, NULL, NULL},
    {"refresh_token_error_key", NULL, NULL, NULL},
    {"refresh_token_error_values", NULL, NULL, NULL},
    {"scopes", NULL, NULL, NULL},
    {"access_token_name", NULL, NULL, NULL},
    {"access_token_value", NULL, NULL, NULL}, /* one is asked for anyway */
    {"expires_in_name", NULL, NULL, NULL},
    {"token_expiry_date", NULL, NULL, NULL},
    {"token_expiry_date_format", NULL, NULL, NULL},
    {"token_expiry_is_time_of_expiration", NULL, NULL,
     "expires_path reads seconds: where the answer has a time, ttl says how long a token "
     "lasts"},
    {"login_requester", NULL, NULL, NULL},
    {"session_token_path", NULL, NULL, NULL},
    {"expiration_duration", NULL, NULL, NULL},
    {"request_authentication", NULL, NULL, NULL},
    {"decoder", NULL, NULL, NULL},
    {"algorithm", NULL, NULL, NULL},
    {"secret_key", NULL, NULL, NULL},
    {"base64_encode_secret_key", NULL, NULL, NULL},
    {"header_prefix", NULL, NULL, NULL},
    {"jwt_headers", NULL, NULL, NULL},
    {"jwt_payload", NULL, NULL, NULL},
    {"additional_jwt_headers", NULL, NULL, NULL},
    {"additional_jwt_payload", NULL, NULL, NULL},
    {"token_duration", NULL, NULL, NULL},
    {"request_option", NULL, NULL, NULL},
    {"passphrase", NULL, NULL,
     "the key is taken as it is: `openssl pkey` writes one without a passphrase"},
    {"authenticators", NULL, NULL, NULL},
    {"authenticator_selection_path", NULL, NULL, NULL},
    FIELD_END,
};

void airbyte_auth(struct manifest *manifest, const struct component *auth, struct outline *to)
{
    struct str type = component_type(auth);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_is(type, kinds[i].type)) {
            kinds[i].read(manifest, auth, to);
            component_note_rest(manifest, auth, auth_fields, to);
            return;
        }
    import_gap(manifest->import, manifest->import->root,
               "authenticator %.*s: no counterpart; docs/credentials.md has what there is",
               STR_ARG(type));
}
