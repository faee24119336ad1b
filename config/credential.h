#ifndef CONFIG_CREDENTIAL_H
#define CONFIG_CREDENTIAL_H

#include "config/stream.h"

/*
 * Credentials that a definition holds itself, instead of naming them by env or secrets. They
 * are stored with it in PostgreSQL, so `check` warns of them; and they are redacted like
 * secrets.
 */

/* `place` is where it is written, such as "headers.X-Api-Key"; both live for the call. */
typedef void (*credential_fn)(void *ctx, struct str place, struct str value);

/* Each literal below a name that a credential goes by (base/secret_name.h), or that begins as
 * credentials do: in headers, params, vars, bodies, next_page and in queries. */
void credential_find(const struct stream *stream, credential_fn fn, void *ctx);

#endif
