#ifndef WORKER_ACCESS_SECRETS_H
#define WORKER_ACCESS_SECRETS_H

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "core/value.h"

/*
 * The values behind `env.X` and `secrets.x`, as maps for expressions: just those that the
 * stream's definition uses. Each is registered for redaction. A secret is the content of the
 * file of that name in secrets_dir, without a final newline; a file whose name ends in .json is
 * parsed, and so is one that is found as x.json. ERR_CONFIG names what is missing.
 */
struct secrets {
    struct value env, files;
};

bool secrets_collect(struct arena *arena, const struct stream *stream, const char *secrets_dir,
                     struct secrets *ret_secrets, struct err *err) MUST_CHECK;

/* Does it name `env` or `secrets`? */
bool secrets_used_by(const struct template *template);

#endif
