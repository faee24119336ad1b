#include "config/retry_keys.h"

#include "core/retry.h"

#define R(member) AT(struct retry_policy, member)

/* Keys are laid out by hand. */
/* clang-format off */
static const struct choice backoffs[] = {CHOICE("exponential", RETRY_EXPONENTIAL),
                                         CHOICE("fixed", RETRY_FIXED), CHOICE_END};
static const struct choice jitters[] = {CHOICE("equal", RETRY_JITTER_EQUAL),
                                        CHOICE("full", RETRY_JITTER_FULL),
                                        CHOICE("none", RETRY_JITTER_NONE), CHOICE_END};

#define RETRY_LIST(default_attempts, default_backoff, default_jitter)                          \
    {                                                                                          \
        {.name = "max_attempts", .type = KEY_INT, R(max_attempts), .min = 1, .max = 1000,      \
         .fallback = default_attempts, .help = "tries per page, the first among them"},        \
        {.name = "backoff", .type = KEY_CHOICE, R(backoff), .choices = backoffs,               \
         .fallback = default_backoff, .help = "how the delay grows"},                          \
        {.name = "initial_delay", .type = KEY_DURATION, R(initial_delay_ms), .fallback = "1",  \
         .help = "delay before the second try"},                                               \
        {.name = "max_delay", .type = KEY_DURATION, R(max_delay_ms), .fallback = "60",         \
         .help = "no delay is longer"},                                                        \
        {.name = "jitter", .type = KEY_CHOICE, R(jitter), .choices = jitters,                  \
         .fallback = default_jitter,                                                           \
         .help = "equal: from half of the delay to all of it, full: from 0 to all of it"},     \
        KEY_END,                                                                               \
    }
/* clang-format on */

/* Seven delays of 0.5 + 1 + 2 + 4 + 8 + 16 + 30 s at least: an outage of a minute passes. */
static const struct key retry_list[] = RETRY_LIST("8", "exponential", "equal");
static const struct key pagination_retry_list[] = RETRY_LIST("1", "fixed", "none");

const struct keys retry_keys = {retry_list, sizeof(struct retry_policy)};
const struct keys pagination_retry_keys = {pagination_retry_list, sizeof(struct retry_policy)};
