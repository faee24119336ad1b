#include "config/auth.h"

bool auth_has_token(const struct auth *auth)
{
    return auth->type == AUTH_OAUTH2 || auth->type == AUTH_LOGIN || auth->type == AUTH_JWT;
}

bool auth_has(const struct template *template)
{
    return template->kind != TEMPLATE_CONSTANT || template->constant.kind != VALUE_UNDEFINED;
}

void auth_each_template(const struct auth *auth,
                        void (*fn)(void *ctx, const struct template *template), void *ctx)
{
    const struct template *const all[] = {&auth->token,
                                          &auth->user,
                                          &auth->password,
                                          &auth->value,
                                          &auth->url,
                                          &auth->client_id,
                                          &auth->client_secret,
                                          &auth->scope,
                                          &auth->audience,
                                          &auth->body,
                                          &auth->send.prefix,
                                          &auth->refresh_token,
                                          &auth->refresh_store,
                                          &auth->jwt.key,
                                          &auth->jwt.claims,
                                          &auth->jwt.header,
                                          &auth->hmac.key,
                                          &auth->hmac.message,
                                          &auth->sigv4.service,
                                          &auth->sigv4.region,
                                          &auth->sigv4.access_key,
                                          &auth->sigv4.secret_key,
                                          &auth->sigv4.session_token};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        fn(ctx, all[i]);
    for (size_t i = 0; i < auth->param_count; i++)
        fn(ctx, &auth->params[i].template);
    for (size_t i = 0; i < auth->header_count; i++)
        fn(ctx, &auth->headers[i].template);
}
