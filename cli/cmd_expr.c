#include "base/clock.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "core/template.h"

enum { CONTEXT_BYTES_MAX = 64 * 1024 * 1024 };

static bool find_name(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    const struct value *context = ctx;
    (void)arena;
    *ret = value_get(*context, name);
    return ret->kind != VALUE_UNDEFINED;
}

static bool read_context(struct cli *cli, struct value *ret, struct err *err)
{
    const char *path = cli->options.context;
    AUTO_BUF(text, CONTEXT_BYTES_MAX);
    *ret = UNDEFINED_VALUE;
    if (!path)
        return true;
    FILE *file = str_is(str_from(path), "-") ? stdin : fopen(path, "re");
    if (!file)
        return err_set(err, ERR_CONFIG, "expr", 0, "--context %s: cannot be read", path);
    char piece[65536];
    size_t len;
    while ((len = fread(piece, 1, sizeof piece, file)))
        buf_put(&text, (struct str){piece, len});
    if (file != stdin)
        fclose(file);
    if (text.has_overflowed)
        return err_set(err, ERR_CONFIG, "expr", 0, "--context %s: over 64 MiB", path);
    return value_parse(cli->arena, buf_str(&text), VALUE_WHOLE, ret, err) ||
           err_wrap(err, "--context %s", path);
}

static int fail(const struct err *err, int code)
{
    cli_fail(err);
    return code;
}

static int expr_main(struct cli *cli)
{
    struct err err = ERR_INIT;
    struct value context, value;
    struct template template;
    struct expr_scope scope = {
        .find = find_name, .ctx = &context, .now_us = clock_wall_ms() * 1000};
    AUTO_BUF(out, CONTEXT_BYTES_MAX);
    if (cli->operand_count != 1)
        return cli_usage("expr: give one template, in quotes: '{{ 1 + 1 }}'");
    if (!read_context(cli, &context, &err) ||
        !template_compile(cli->arena, str_from(cli->operands[0]), &template, &err))
        return fail(&err, EXIT_USAGE);
    if (!template_fill(&template, &scope, false, cli->arena, &value, &err))
        return fail(&err, EXIT_RUN_FAILED);
    value_format(&out, value);
    if (out.has_overflowed)
        return cli_usage("expr: the result is over 64 MiB");
    say_json(buf_str(&out));
    return EXIT_DONE;
}

static const struct opt opts[] = {
    {"context", 0, OPT_TEXT, offsetof(struct options, context), "FILE",
     "a JSON object: the names that the template may use (- reads stdin)"},
    OPT_END,
};

const struct command cmd_expr = {
    .name = "expr",
    .operands = "TEMPLATE",
    .summary = "evaluate an expression and print its value as JSON",
    .help = "pagetide expr --context page.json '{{ response.page + 1 }}'\n"
            "Exits with 1 if the evaluation fails, with 2 if the template cannot be read.",
    .opts = opts,
    .run = expr_main,
};
