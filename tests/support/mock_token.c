#include "base/clock.h"
#include "port/digest.h"
#include "tests/support/mock_server.h"

/*
 * A server that gives tokens, and a guard that takes no others. What it wants is posted to
 * /_mock/token; a token that it gave is `at-NUMBER-planted`.
 */
enum { TOKENS = 1024 };

static struct {
    json_t *wants;
    struct {
        bool is_good;
        int64_t uses_left, expires_at_ms;
    } access[TOKENS];
    int64_t count;
    int64_t refresh;     /* number of the refresh token that is good */
    bool is_family_gone; /* one was used twice: none is good any more */
} state;

void mock_token_reset(void)
{
    json_decref(state.wants);
    memset(&state, 0, sizeof state);
    state.wants = json_object();
    state.refresh = 1;
}

void mock_token_control(const struct mock_request *request, struct mock_reply *reply)
{
    json_t *given =
        json_loadb(request->body.ptr ? request->body.ptr : "", request->body.len, 0, NULL);
    if (!state.wants)
        mock_token_reset();
    if (json_is_true(json_object_get(given, "revoke")))
        for (size_t i = 0; i < TOKENS; i++)
            state.access[i].is_good = false;
    if (json_object_get(given, "refresh")) {
        state.refresh = mock_int_of(given, "refresh", 1);
        state.is_family_gone = false;
    }
    json_object_update(state.wants, given);
    json_decref(given);
    buf_puts(&reply->body, "{}");
}

static const char *want(const char *key, const char *otherwise)
{
    const char *text = mock_text_of(state.wants, key);
    return *text ? text : otherwise;
}

/* A field of the form in the body. */
static struct str field(const struct mock_request *request, const char *name)
{
    struct mock_request form = *request;
    struct str value;
    form.query = request->body;
    return mock_query(&form, name, &value) ? value : STR("");
}

static bool is_basic(const struct mock_request *request, struct str id, struct str secret)
{
    struct str header = mock_header(request, "authorization"), coded, text;
    str_split(header, ' ', &coded);
    coded = str_slice(header, 6, header.len);
    struct str pair = arena_printf(request->arena, "%.*s:%.*s", STR_ARG(id), STR_ARG(secret));
    return str_starts(header, STR("Basic ")) &&
           digest_base64_decode(request->arena, coded, &text) && str_eq(text, pair);
}

/* By the header and by nothing else, or by the body and by nothing else. */
static bool is_client(const struct mock_request *request)
{
    struct str id = str_from(want("client_id", "shop")),
               secret = str_from(want("client_secret", "s3cr3t-planted"));
    if (str_is(str_from(want("as", "body")), "basic"))
        return is_basic(request, id, secret) && !field(request, "client_secret").len;
    return str_eq(field(request, "client_id"), id) &&
           str_eq(field(request, "client_secret"), secret) &&
           !mock_header(request, "authorization").len;
}

static void refuse(struct mock_reply *reply, int status, const char *error, const char *more)
{
    reply->status = status;
    buf_printf(&reply->body, "{\"error\":\"%s\",\"error_description\":\"%s\"}", error, more);
}

static int64_t give(void)
{
    int64_t number = ++state.count;
    state.access[number % TOKENS].is_good = true;
    state.access[number % TOKENS].uses_left = mock_int_of(state.wants, "uses", -1);
    state.access[number % TOKENS].expires_at_ms =
        clock_mono_ms() + mock_int_of(state.wants, "expires_in", 3600) * 1000;
    return number;
}

static bool take_refresh(const struct mock_request *request, struct mock_reply *reply)
{
    char good[64];
    snprintf(good, sizeof good, "rt-%lld-planted", (long long)state.refresh);
    if (state.is_family_gone || !str_is(field(request, "refresh_token"), good)) {
        state.is_family_gone = true;
        refuse(reply, 400, "invalid_grant", "The refresh token was used before");
        return false;
    }
    state.refresh += json_is_true(json_object_get(state.wants, "rotate"));
    return true;
}

static bool is_granted(const struct mock_request *request, struct mock_reply *reply)
{
    struct str grant = field(request, "grant_type");
    bool is_account = str_is(field(request, "username"), "me@shop") &&
                      str_is(field(request, "password"), "pa55-planted");
    if (str_is(grant, "refresh_token"))
        return take_refresh(request, reply);
    if (str_is(grant, "password") && !is_account) {
        refuse(reply, 400, "invalid_grant", "Wrong user or password");
        return false;
    }
    return true;
}

static void answer_token(const struct mock_request *request, struct mock_reply *reply)
{
    if (!is_client(request)) {
        refuse(reply, 401, "invalid_client", "Unknown client, or not its secret");
        return;
    }
    if (!is_granted(request, reply))
        return;
    buf_printf(&reply->body, "{\"access_token\":\"at-%lld-planted\",\"token_type\":\"Bearer\"",
               (long long)give());
    if (mock_int_of(state.wants, "expires_in", 3600))
        buf_printf(&reply->body, ",\"expires_in\":%lld",
                   (long long)mock_int_of(state.wants, "expires_in", 3600));
    if (str_is(field(request, "grant_type"), "refresh_token"))
        buf_printf(&reply->body, ",\"refresh_token\":\"rt-%lld-planted\"",
                   (long long)state.refresh);
    buf_puts(&reply->body, "}");
}

static void answer_login(const struct mock_request *request, struct mock_reply *reply)
{
    json_t *body =
        json_loadb(request->body.ptr ? request->body.ptr : "", request->body.len, 0, NULL);
    if (strcmp(mock_text_of(body, "user"), "me@shop") != 0 ||
        strcmp(mock_text_of(body, "password"), "pa55-planted") != 0) {
        refuse(reply, 403, "denied", "Wrong user or password");
    } else {
        long long number = (long long)give();
        buf_printf(&reply->headers,
                   "Set-Cookie: other=1; Path=/\r\n"
                   "Set-Cookie: sid=at-%lld-planted; HttpOnly; Path=/\r\n",
                   number);
        buf_printf(&reply->body, "{\"session\":{\"id\":\"at-%lld-planted\",\"ttl\":%lld}}",
                   number, (long long)mock_int_of(state.wants, "expires_in", 3600));
    }
    json_decref(body);
}

bool mock_token(const struct mock_request *request, struct mock_reply *reply)
{
    bool is_login = str_is(request->path, "/oauth/login");
    if (!is_login && !str_is(request->path, "/oauth/token"))
        return false;
    if (!state.wants)
        mock_token_reset();
    (is_login ? answer_login : answer_token)(request, reply);
    return true;
}

/* --- the guard --- */

static struct str sent_token(const struct mock_request *request)
{
    struct str header = mock_header(request, "authorization"), value;
    struct str cookie = mock_header(request, "cookie");
    ptrdiff_t at = str_find(cookie, STR("sid="));
    if (str_starts(header, STR("Bearer ")))
        return str_slice(header, 7, header.len);
    if (at >= 0)
        return str_slice(cookie, (size_t)at + 4, cookie.len);
    if (mock_query(request, "session", &value))
        return value;
    return mock_header(request, "x-session");
}

static bool is_good(const struct mock_request *request)
{
    struct str token = sent_token(request), number, rest;
    int64_t at;
    rest = str_split(str_slice(token, 3, token.len), '-', &number);
    if (!str_starts(token, STR("at-")) || !str_is(rest, "planted") ||
        !str_to_int64(number, &at) || at < 1 || at > state.count)
        return false;
    int64_t *uses = &state.access[at % TOKENS].uses_left;
    if (!state.access[at % TOKENS].is_good || !*uses ||
        clock_mono_ms() >= state.access[at % TOKENS].expires_at_ms)
        return false;
    *uses -= *uses > 0;
    return true;
}

bool mock_guard(struct mock_request *request, struct mock_reply *reply)
{
    struct str gate = STR("/guarded");
    if (!str_starts(request->path, STR("/guarded/")))
        return true;
    if (!is_good(request)) {
        refuse(reply, 401, "invalid_token", "Expired, revoked or unknown");
        return false;
    }
    request->path = str_slice(request->path, gate.len, request->path.len);
    request->target = str_slice(request->target, gate.len, request->target.len);
    return true;
}
