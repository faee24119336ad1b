#ifndef CONFIG_AUTH_H
#define CONFIG_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/locator.h"
#include "core/template.h"

/*
 * `auth` of a source: who asks. Of the members those count that its type has; a template that
 * is not given is a constant that is undefined (auth_has).
 */
enum auth_type {
    AUTH_NONE,
    AUTH_BEARER,
    AUTH_BASIC,
    AUTH_API_KEY,
    AUTH_OAUTH2, /* a token that an answer of token_url holds */
    AUTH_LOGIN,  /* the same of a request as the definition has it */
    AUTH_JWT,    /* a token that is made here */
    AUTH_AWS_SIGV4,
    AUTH_HMAC,
    AUTH_DIGEST,
};

enum jwt_alg { JWT_HS256, JWT_RS256, JWT_ES256 };

struct jwt_form {
    enum jwt_alg alg;
    struct template key;
    struct template claims, header; /* maps */
    int64_t ttl_ms;
};

enum key_coding { CODING_TEXT, CODING_BASE64, CODING_HEX };
enum time_form { TIME_EPOCH, TIME_EPOCH_MS, TIME_ISO, TIME_HTTP };

struct hmac_form {
    int alg; /* enum digest_alg */
    struct template key, message;
    enum key_coding coding;
    bool is_hex; /* the signature, else base64 */
    enum time_form time;
    struct str time_header, time_param; /* where the time is sent; empty: nowhere */
};

struct sigv4_form {
    struct template service, region, access_key, secret_key, session_token;
};

enum oauth2_grant {
    GRANT_CLIENT_CREDENTIALS,
    GRANT_PASSWORD,
    GRANT_REFRESH_TOKEN,
    GRANT_JWT_BEARER
};

struct named_template {
    struct str name;
    struct template template;
};

/* Where a token goes: at most one of the three; none is Authorization. */
struct auth_send {
    struct str header, param, cookie;
    struct template prefix; /* what stands before it; of Authorization it is "Bearer " */
};

struct auth {
    enum auth_type type;
    struct template token;          /* bearer */
    struct template user, password; /* basic, oauth2 */
    bool is_in_query;               /* api_key: else a header */
    struct str name;
    struct template value;

    /* oauth2, login: the request for a token */
    struct template url;
    struct named_template *params; /* oauth2: of the body, login: of the query */
    size_t param_count;
    enum oauth2_grant grant;
    struct template client_id, client_secret, scope, audience;
    struct template refresh_token, refresh_store;
    bool sends_basic; /* client_id and client_secret in a header, else in the body */
    struct str method;
    struct named_template *headers;
    size_t header_count;
    struct template body;
    bool has_form; /* the body is a form, else JSON */

    /* … its answer, and where the token goes */
    struct locator token_path, expires_path;
    int64_t ttl_ms; /* 0: not given */
    struct auth_send send;

    struct jwt_form jwt; /* also of oauth2 */
    struct hmac_form hmac;
    struct sigv4_form sigv4;
};

/* Is it a token that is fetched or made, and can be so again? */
bool auth_has_token(const struct auth *auth);

bool auth_has(const struct template *template);

/* Each template of it, given or not. */
void auth_each_template(const struct auth *auth,
                        void (*fn)(void *ctx, const struct template *template), void *ctx);

#endif
