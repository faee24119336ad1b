#include "cli/ready.h"

#include "cli/daemon.h"
#include "cli/say.h"
#include "port/http.h"

enum { TIMEOUT_MS = 2000, ANSWER_BYTES_MAX = 4096, READY = 200 };

struct asked {
    const char *address;
    int code;
    bool is_over;
};

static void on_answer(void *ctx, const struct http_answer *answer, const struct err *failed)
{
    struct asked *asked = ctx;
    asked->is_over = true;
    if (answer) {
        asked->code = answer->status == READY ? EXIT_DONE : EXIT_UNREACHABLE;
        say_text(answer->status == READY ? stdout : stderr, answer->body);
        return;
    }
    struct err err = *failed;
    err_wrap(&err, "--http %s", asked->address);
    asked->code = cli_fail(&err);
}

int ready_ask(struct cli *cli)
{
    struct err err = ERR_INIT;
    struct http *http;
    const char *address = cli->settings.http;
    struct asked asked = {.address = address ? address : DAEMON_SCHEDULER_ADDRESS};
    if (str_is(str_from(asked.address), "off"))
        return cli_usage("status --ready: --http is off; name the address of the process");
    if (!http_new(cli_loop(cli), &http, &err))
        return cli_fail(&err);
    const struct http_request request = {
        .method = STR("GET"),
        .url = arena_printf(cli->arena, "http://%s/readyz", asked.address),
        .timeouts = {.total_ms = TIMEOUT_MS},
        .max_body_bytes = ANSWER_BYTES_MAX,
        .allow_private = true,
        .allow_http = true};
    struct http_call *call = http_send(http, &request, on_answer, &asked);
    if (!loop_run_until(cli_loop(cli), &asked.is_over, 2 * TIMEOUT_MS)) {
        asked.code = EXIT_UNREACHABLE;
        http_cancel(call);
    }
    http_free(http);
    return asked.code;
}
