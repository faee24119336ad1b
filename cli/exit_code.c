#include "cli/exit_code.h"

#include <assert.h>

#include "worker/discover/preview.h"

int exit_code_of_error(const struct err *err)
{
    assert(err->kind != ERR_NONE);
    switch (err->kind) {
    case ERR_AGAIN:
        return EXIT_UNREACHABLE;
    case ERR_CONFIG:
        return EXIT_USAGE;
    default:
        return EXIT_RUN_FAILED;
    }
}

int exit_code_of_run(struct str state)
{
    return str_is(state, "succeeded") ? EXIT_DONE : EXIT_RUN_FAILED;
}

int exit_code_of_preview(const struct preview *preview)
{
    /* Nothing would be stored, whatever max_rejects allows. */
    if (preview->rejects && preview->rejects == preview->records)
        return EXIT_RUN_FAILED;
    if (preview->how == PREVIEW_STOPPED)
        return EXIT_DONE;
    if (preview->how == PREVIEW_WAITS)
        return EXIT_RUN_FAILED;
    return exit_code_of_run(str_from(job_state_name(preview->state)));
}

int exit_code_worst(int a, int b)
{
    return a > b ? a : b;
}

int exit_code_of_request(struct str state)
{
    return str_is(state, "skipped") ? EXIT_DONE : EXIT_USAGE;
}

int exit_code_of_refusal(bool is_known)
{
    return is_known ? EXIT_RUN_FAILED : EXIT_USAGE;
}
