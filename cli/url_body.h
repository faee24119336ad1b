#ifndef CLI_URL_BODY_H
#define CLI_URL_BODY_H

#include "cli/cli.h"
#include "worker/discover/draft.h"

/* What a URL of the command line is asked with, besides itself. */

/* Credentials on their way into a draft. */
struct hiding {
    struct arena *arena;
    struct draft *draft;
    struct str variables; /* of the environment, that were set: "A, B" */
};

/*
 * Puts the credential into the environment of this process, and gives what names it there:
 * "{{ env.SHOP_TOKEN }}". What is an expression itself stays. `what` is a part of the name.
 */
struct str url_hide(struct hiding *hiding, const char *what, struct str value);

/*
 * --method, --data and --graphql. Members of JSON and fields of a form with the name of a
 * credential are hidden. False after printing what is wrong with them.
 */
bool url_body_take(const struct options *options, struct hiding *hiding) MUST_CHECK;

#endif
