#ifndef CONFIG_RETRY_KEYS_H
#define CONFIG_RETRY_KEYS_H

#include "config/key.h"

/* The keys of struct retry_policy: of a stream's `retry`, and of one inside `pagination`. */
extern const struct keys retry_keys;

/* The same keys with defaults of their own: one attempt, a fixed delay without jitter. */
extern const struct keys pagination_retry_keys;

#endif
