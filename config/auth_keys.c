#include "config/auth_keys.h"

#include "base/secret_name.h"
#include "config/check_request.h"
#include "config/identifier.h"
#include "config/node.h"
#include "config/pagination.h"
#include "port/digest.h"

#define S(member)              AT(struct stream, auth.member)
#define S_LIST(member, number) AT_LIST(struct stream, auth.member, auth.number)

enum {
    OWN = KEY_SECRETS | KEY_ASKS_FIRST,
    SECRET = KEY_SECRETS | KEY_IS_SECRET | KEY_ASKS_FIRST,
};

/* Keys are laid out by hand. */
/* clang-format off */
#define CHOICES(name) static const struct choice name[]
#define KEYS(name)                                                                           \
    static const struct keys name##_keys = {name##_list, sizeof(struct stream)}

CHOICES(places) = {CHOICE("header", 0), CHOICE("query", 1), CHOICE_END};

#define TYPE_ROW {.name = "type", .type = KEY_MOVED, .help = "how requests are authorised"}

static const struct key auth_none_list[] = {TYPE_ROW, KEY_END};
KEYS(auth_none);

static const struct key auth_bearer_list[] = {
    TYPE_ROW,
    {.name = "token", .type = KEY_TEMPLATE, .flags = KEY_SECRETS | KEY_IS_SECRET | KEY_REQUIRED,
     S(token), .help = "sent as Authorization: Bearer"},
    KEY_END,
};
KEYS(auth_bearer);

#define USER_ROWS                                                                            \
    {.name = "user", .type = KEY_TEMPLATE, .flags = KEY_SECRETS | KEY_REQUIRED, S(user),     \
     .help = "name of the account"},                                                         \
    {.name = "password", .type = KEY_TEMPLATE,                                               \
     .flags = KEY_SECRETS | KEY_IS_SECRET | KEY_REQUIRED, S(password),                       \
     .help = "its password"}

static const struct key auth_basic_list[] = {TYPE_ROW, USER_ROWS, KEY_END};
KEYS(auth_basic);

static const struct key auth_api_key_list[] = {
    TYPE_ROW,
    {.name = "in", .type = KEY_SWITCH, S(is_in_query), .choices = places,
     .fallback = "header", .help = "where the key goes"},
    {.name = "name", .type = KEY_TEXT, .flags = KEY_REQUIRED, S(name),
     .help = "name of the header or parameter"},
    {.name = "value", .type = KEY_TEMPLATE, .flags = KEY_SECRETS | KEY_IS_SECRET | KEY_REQUIRED,
     S(value), .help = "the key"},
    KEY_END,
};
KEYS(auth_api_key);

/* --- tokens --- */

#define SEND(member) AT(struct auth_send, member)
static const struct key auth_send_list[] = {
    {.name = "header", .type = KEY_TEXT, SEND(header), .help = "name of a header"},
    {.name = "param", .type = KEY_TEXT, SEND(param), .help = "name of a query parameter"},
    {.name = "cookie", .type = KEY_TEXT, SEND(cookie), .help = "name of a cookie"},
    {.name = "prefix", .type = KEY_TEMPLATE, .flags = OWN, SEND(prefix),
     .help = "what stands before it in a header; of Authorization it is \"Bearer \" if absent"},
    KEY_END,
};
static const struct keys auth_send_keys = {auth_send_list, sizeof(struct auth_send)};

#define EXPIRES_HELP                                                                         \
    "where its answer says until when the token is good: a number of seconds, or a time"
#define TTL_ROW                                                                              \
    {.name = "ttl", .type = KEY_DURATION, S(ttl_ms), .min = 1000,                            \
     .help = "how long a token is good whose answer does not say it; absent: until it is "   \
             "refused"}
#define SEND_ROW                                                                             \
    {.name = "send", .type = KEY_STRUCT, S(send), .keys = &auth_send_keys,                   \
     .help = "where the token goes: header, param or cookie; absent: Authorization: Bearer"}

CHOICES(jwt_algs) = {CHOICE("HS256", JWT_HS256), CHOICE("RS256", JWT_RS256),
                     CHOICE("ES256", JWT_ES256), CHOICE_END};

/* Of a JWT that stands alone, and of one that a token is asked for with. */
#define JWT_ROWS(PLACE)                                                                      \
    {.name = "alg", .type = KEY_CHOICE, .flags = KEY_REQUIRED, PLACE(alg),                   \
     .choices = jwt_algs, .help = "how it is signed"},                                       \
    {.name = "key", .type = KEY_TEMPLATE, .flags = SECRET | KEY_REQUIRED, PLACE(key),        \
     .help = "HS256: the shared secret; else a private key in PEM"},                         \
    {.name = "claims", .type = KEY_TEMPLATE, .flags = OWN, PLACE(claims),                    \
     .help = "a map; iat and exp are added"},                                                \
    {.name = "header", .type = KEY_TEMPLATE, .flags = OWN, PLACE(header),                    \
     .help = "a map: more of its own header, such as kid"},                                  \
    {.name = "ttl", .type = KEY_DURATION, PLACE(ttl_ms), .min = 1000, .fallback = "5m",      \
     .help = "from iat to exp"}

#define JWT(member) AT(struct jwt_form, member)
#define OWN_JWT(member) S(jwt.member)
static const struct key auth_assertion_list[] = {JWT_ROWS(JWT), KEY_END};
static const struct keys auth_assertion_keys = {auth_assertion_list, sizeof(struct jwt_form)};

static const struct key auth_jwt_list[] = {TYPE_ROW, JWT_ROWS(OWN_JWT), SEND_ROW, KEY_END};
KEYS(auth_jwt);

CHOICES(grants) = {CHOICE("client_credentials", GRANT_CLIENT_CREDENTIALS),
                   CHOICE("password", GRANT_PASSWORD),
                   CHOICE("refresh_token", GRANT_REFRESH_TOKEN),
                   CHOICE("jwt_bearer", GRANT_JWT_BEARER), CHOICE_END};
CHOICES(senders) = {CHOICE("body", 0), CHOICE("basic", 1), CHOICE_END};

static const struct key auth_oauth2_list[] = {
    TYPE_ROW,
    {.name = "grant", .type = KEY_CHOICE, S(grant), .choices = grants,
     .fallback = "client_credentials", .help = "what a token is asked for with"},
    {.name = "token_url", .type = KEY_TEMPLATE, .flags = OWN | KEY_REQUIRED, S(url),
     .help = "where tokens come from; a path is put behind base_url"},
    {.name = "client_id", .type = KEY_TEMPLATE, .flags = OWN, S(client_id),
     .help = "who asks for it"},
    {.name = "client_secret", .type = KEY_TEMPLATE, .flags = SECRET, S(client_secret),
     .help = "its secret"},
    {.name = "send_as", .type = KEY_SWITCH, S(sends_basic), .choices = senders,
     .fallback = "body", .help = "where client_id and client_secret go: in the form, or as "
                                 "Authorization: Basic"},
    {.name = "scope", .type = KEY_TEMPLATE, .flags = OWN, S(scope),
     .help = "what the token may do, with blanks between"},
    {.name = "audience", .type = KEY_TEMPLATE, .flags = OWN, S(audience),
     .help = "whom the token is for"},
    {.name = "params", .type = KEY_TEMPLATES, .flags = OWN | KEY_PAIRS,
     S_LIST(params, param_count), .help = "more of the form that is sent to token_url"},
    {.name = "user", .type = KEY_TEMPLATE, .flags = OWN, S(user),
     .help = "with grant: password"},
    {.name = "password", .type = KEY_TEMPLATE, .flags = SECRET, S(password),
     .help = "with grant: password"},
    {.name = "refresh_token", .type = KEY_TEMPLATE, .flags = SECRET, S(refresh_token),
     .help = "with grant: refresh_token; where each is good once, the first one"},
    {.name = "refresh_store", .type = KEY_TEMPLATE, .flags = OWN, S(refresh_store),
     .help = "a file that the program keeps the refresh token in that is good now; "
             "relative to the configuration folder"},
    {.name = "jwt", .type = KEY_STRUCT, S(jwt), .keys = &auth_assertion_keys,
     .help = "with grant: jwt_bearer; iss and aud are client_id and token_url if absent"},
    {.name = "token_path", .type = KEY_LOCATOR, .flags = KEY_ON_ANSWER, S(token_path),
     .fallback = "access_token", .help = "where the token is in the answer"},
    {.name = "expires_path", .type = KEY_LOCATOR, .flags = KEY_ON_ANSWER, S(expires_path),
     .fallback = "expires_in", .help = EXPIRES_HELP},
    TTL_ROW,
    SEND_ROW,
    KEY_END,
};
KEYS(auth_oauth2);

CHOICES(bodies) = {CHOICE("json", 0), CHOICE("form", 1), CHOICE_END};

static const struct key auth_login_list[] = {
    TYPE_ROW,
    {.name = "url", .type = KEY_TEMPLATE, .flags = OWN | KEY_REQUIRED, S(url),
     .help = "where tokens come from; a path is put behind base_url"},
    {.name = "method", .type = KEY_WORD, S(method), .choices = method_choices,
     .fallback = "POST", .help = "of the request"},
    {.name = "params", .type = KEY_TEMPLATES, .flags = OWN | KEY_PAIRS,
     S_LIST(params, param_count), .help = "its query parameters"},
    {.name = "headers", .type = KEY_TEMPLATES, .flags = OWN | KEY_PAIRS | KEY_NOCASE,
     S_LIST(headers, header_count), .help = "its headers"},
    {.name = "body", .type = KEY_TEMPLATE, .flags = OWN, S(body),
     .help = "its body, any structure"},
    {.name = "body_type", .type = KEY_SWITCH, S(has_form), .choices = bodies,
     .fallback = "json", .help = "how it is written"},
    {.name = "token_path", .type = KEY_LOCATOR, .flags = KEY_ON_ANSWER, S(token_path),
     .help = "where the token is in the answer; absent: the cookie of `send` that it sets"},
    {.name = "expires_path", .type = KEY_LOCATOR, .flags = KEY_ON_ANSWER, S(expires_path),
     .help = EXPIRES_HELP},
    TTL_ROW,
    SEND_ROW,
    KEY_END,
};
KEYS(auth_login);

/* --- signatures --- */

#define SIGV4(member) S(sigv4.member)
static const struct key auth_sigv4_list[] = {
    TYPE_ROW,
    {.name = "service", .type = KEY_TEMPLATE, .flags = OWN | KEY_REQUIRED, SIGV4(service),
     .help = "as AWS calls it in hosts: s3, execute-api"},
    {.name = "region", .type = KEY_TEMPLATE, .flags = OWN | KEY_REQUIRED, SIGV4(region),
     .help = "such as eu-central-1"},
    {.name = "access_key", .type = KEY_TEMPLATE, .flags = OWN | KEY_REQUIRED, SIGV4(access_key),
     .help = "the id of the key"},
    {.name = "secret_key", .type = KEY_TEMPLATE, .flags = SECRET | KEY_REQUIRED,
     SIGV4(secret_key), .help = "the key"},
    {.name = "session_token", .type = KEY_TEMPLATE, .flags = SECRET, SIGV4(session_token),
     .help = "of temporary credentials"},
    KEY_END,
};
KEYS(auth_sigv4);

static const struct key auth_digest_list[] = {TYPE_ROW, USER_ROWS, KEY_END};
KEYS(auth_digest);

CHOICES(hmac_algs) = {CHOICE("sha256", DIGEST_SHA256), CHOICE("sha1", DIGEST_SHA1),
                      CHOICE("sha384", DIGEST_SHA384), CHOICE("sha512", DIGEST_SHA512),
                      CHOICE_END};
CHOICES(key_codings) = {CHOICE("text", CODING_TEXT), CHOICE("base64", CODING_BASE64),
                        CHOICE("hex", CODING_HEX), CHOICE_END};
CHOICES(encodes) = {CHOICE("base64", 0), CHOICE("hex", 1), CHOICE_END};
CHOICES(time_forms) = {CHOICE("epoch", TIME_EPOCH), CHOICE("epoch_ms", TIME_EPOCH_MS),
                       CHOICE("iso", TIME_ISO), CHOICE("http", TIME_HTTP), CHOICE_END};

#define HMAC(member) S(hmac.member)
static const struct key auth_hmac_list[] = {
    TYPE_ROW,
    {.name = "alg", .type = KEY_CHOICE, HMAC(alg), .choices = hmac_algs, .fallback = "sha256",
     .help = "the digest"},
    {.name = "key", .type = KEY_TEMPLATE, .flags = SECRET | KEY_REQUIRED, HMAC(key),
     .help = "the shared secret"},
    {.name = "key_encoding", .type = KEY_CHOICE, HMAC(coding), .choices = key_codings,
     .fallback = "text", .help = "how the key is written"},
    {.name = "message", .type = KEY_TEMPLATE, .flags = OWN | KEY_ON_REQUEST | KEY_REQUIRED,
     HMAC(message),
     .help = "what is signed: text and expressions over request.method, .url, .host, .path, "
             ".query, .body, .time"},
    {.name = "encode", .type = KEY_SWITCH, HMAC(is_hex), .choices = encodes,
     .fallback = "hex", .help = "how the signature is written"},
    {.name = "send", .type = KEY_STRUCT, .flags = KEY_REQUIRED, S(send),
     .keys = &auth_send_keys, .help = "where the signature goes: header or param"},
    {.name = "time", .type = KEY_CHOICE, HMAC(time), .choices = time_forms, .fallback = "epoch",
     .help = "what request.time is: seconds, milliseconds, ISO 8601, or as in Date"},
    {.name = "time_header", .type = KEY_TEXT, HMAC(time_header),
     .help = "a header with that time"},
    {.name = "time_param", .type = KEY_TEXT, HMAC(time_param),
     .help = "a query parameter with that time"},
    KEY_END,
};
KEYS(auth_hmac);

const struct variant auth_variants[] = {
    VARIANT("none", AUTH_NONE, &auth_none_keys),
    VARIANT("bearer", AUTH_BEARER, &auth_bearer_keys),
    VARIANT("basic", AUTH_BASIC, &auth_basic_keys),
    VARIANT("api_key", AUTH_API_KEY, &auth_api_key_keys),
    VARIANT("oauth2", AUTH_OAUTH2, &auth_oauth2_keys),
    VARIANT("login", AUTH_LOGIN, &auth_login_keys),
    VARIANT("jwt", AUTH_JWT, &auth_jwt_keys),
    VARIANT("aws_sigv4", AUTH_AWS_SIGV4, &auth_sigv4_keys),
    VARIANT("hmac", AUTH_HMAC, &auth_hmac_keys),
    VARIANT("digest", AUTH_DIGEST, &auth_digest_keys),
    CHOICE_END,
};
/* clang-format on */

/* --- which keys go together --- */

/* A key of one grant alone, which may have to be there. */
static const struct {
    const char *key;
    enum oauth2_grant grant;
    bool is_needed;
    const char *why;
} grant_keys[] = {
    {"user", GRANT_PASSWORD, true, "grant: password"},
    {"password", GRANT_PASSWORD, true, "grant: password"},
    {"refresh_token", GRANT_REFRESH_TOKEN, true, "grant: refresh_token"},
    {"refresh_store", GRANT_REFRESH_TOKEN, false, "grant: refresh_token"},
    {"jwt", GRANT_JWT_BEARER, true, "grant: jwt_bearer"},
};

static void check_oauth2(struct reader *reader, const struct yaml_node *node,
                         const struct auth *auth)
{
    if (auth->grant == GRANT_CLIENT_CREDENTIALS && !yaml_find(node, "client_id"))
        problem_add(reader->problems, node,
                    "the key \"client_id\" is missing: grant: client_credentials asks with it");
    for (size_t i = 0; i < COUNT_OF(grant_keys); i++) {
        const struct yaml_node *given = yaml_find(node, grant_keys[i].key);
        bool is_its = auth->grant == grant_keys[i].grant;
        if (given && !is_its)
            problem_add_key(reader->problems, given, "belongs to %s", grant_keys[i].why);
        if (!given && is_its && grant_keys[i].is_needed)
            problem_add(reader->problems, node, "the key \"%s\" is missing: %s asks with it",
                        grant_keys[i].key, grant_keys[i].why);
    }
}

static void check_send(struct reader *reader, const struct yaml_node *node,
                       const struct auth_send *send)
{
    const struct yaml_node *given = yaml_find(node, "send");
    if (!given || given->kind != YAML_MAP)
        return;
    if ((send->header.len > 0) + (send->param.len > 0) + (send->cookie.len > 0) != 1)
        problem_add(reader->problems, given, "needs one of header, param, cookie");
    if (send->header.len && !identifier_is_header(send->header))
        problem_add(reader->problems, yaml_find(given, "header"),
                    "\"%.*s\" cannot be a header's name", STR_ARG(send->header));
    if (send->cookie.len && !identifier_is_header(send->cookie))
        problem_add(reader->problems, yaml_find(given, "cookie"),
                    "\"%.*s\" cannot be a cookie's name", STR_ARG(send->cookie));
}

/* A member that goes by the name of a credential, and holds one as it is. */
static void check_literals(struct reader *reader, const struct yaml_node *node, struct str name)
{
    bool is_container = node->kind == YAML_MAP || node->kind == YAML_LIST;
    for (size_t i = 0; is_container && i < node->count; i++) {
        struct str inner = name;
        const struct yaml_node *value = node->items[i];
        if (node->kind == YAML_MAP)
            inner = value->key;
        else if (!node_pair(node, i, &inner, &value))
            value = node->items[i];
        check_literals(reader, value, inner);
    }
    bool is_literal =
        node->kind == YAML_NUMBER ||
        (node->kind == YAML_STRING && node->text.len && str_find(node->text, STR("{{")) < 0);
    /* subject_token_type and the like (RFC 8693) */
    bool is_credential = secret_name_is(name) && !str_ends(name, STR("type"));
    if (is_literal && is_credential)
        problem_add(reader->problems, node,
                    "a secret does not stand in a definition: name it by \"{{ env.NAME }}\" or "
                    "\"{{ secrets.name }}\"");
}

static void check_jwt(struct reader *reader, const struct yaml_node *node)
{
    static const char *const maps[] = {"claims", "header"};
    for (size_t i = 0; node && node->kind == YAML_MAP && i < COUNT_OF(maps); i++) {
        const struct yaml_node *map = yaml_find(node, maps[i]);
        if (map && map->kind != YAML_MAP && map->kind != YAML_NULL)
            problem_add_misfit(reader->problems, map, "must be a map, not %s",
                               yaml_kind_name(map->kind));
    }
}

static void check_hmac(struct reader *reader, const struct yaml_node *node,
                       const struct auth *auth)
{
    check_send(reader, node, &auth->send);
    if (auth->send.cookie.len)
        problem_add(reader->problems, yaml_find(node, "send"), "needs one of header, param");
    if (auth->hmac.time_header.len && !identifier_is_header(auth->hmac.time_header))
        problem_add(reader->problems, yaml_find(node, "time_header"),
                    "\"%.*s\" cannot be a header's name", STR_ARG(auth->hmac.time_header));
}

static void check_token(struct reader *reader, const struct yaml_node *map,
                        const struct yaml_node *node, struct stream *stream)
{
    static const char *const open[] = {"params", "headers", "body"};
    struct auth *auth = &stream->auth;
    const struct yaml_node *url =
        yaml_find(node, auth->type == AUTH_OAUTH2 ? "token_url" : "url");
    check_send(reader, node, &auth->send);
    for (size_t i = 0; i < COUNT_OF(open); i++)
        if (yaml_find(node, open[i]))
            check_literals(reader, yaml_find(node, open[i]), STR_NONE);
    if (url)
        check_request_url(reader, map, url, stream->allows_http, &auth->url);
    if (auth->type == AUTH_OAUTH2)
        check_oauth2(reader, node, auth);
    else if (!auth->send.cookie.len && !yaml_find(node, "token_path"))
        problem_add(reader->problems, node,
                    "the key \"token_path\" is missing: only a cookie of `send` is found "
                    "without");
}

void auth_check(struct reader *reader, const struct yaml_node *map, struct stream *stream)
{
    const struct auth *auth = &stream->auth;
    const struct yaml_node *node = yaml_find(map, "auth");
    if (!node || node->kind != YAML_MAP)
        return;
    if (auth->type == AUTH_OAUTH2 || auth->type == AUTH_LOGIN)
        check_token(reader, map, node, stream);
    if (auth->type == AUTH_OAUTH2)
        check_jwt(reader, yaml_find(node, "jwt"));
    if (auth->type == AUTH_JWT) {
        check_jwt(reader, node);
        check_send(reader, node, &auth->send);
    }
    if (auth->type == AUTH_HMAC)
        check_hmac(reader, node, auth);
}
