#include "cli/cli.h"
#include "cli/say.h"
#include "config/json_schema.h"
#include "config/reference.h"

enum { TEXT_BYTES_MAX = 4 * 1024 * 1024 };

static int config_main(struct cli *cli)
{
    AUTO_BUF(text, TEXT_BYTES_MAX);
    struct str what = cli->operand_count == 1 ? str_from(cli->operands[0]) : STR_NONE;
    enum reference_style style = cli->options.markdown ? REFERENCE_MARKDOWN : REFERENCE_TEXT;
    if (str_is(what, "reference"))
        reference_put(&text, style);
    else if (str_is(what, "expressions"))
        reference_put_expressions(&text, style);
    else if (str_is(what, "events"))
        reference_put_events(&text, style);
    else if (str_is(what, "metrics"))
        reference_put_metrics(&text, style);
    else if (str_is(what, "credentials"))
        reference_put_credentials(&text, style);
    else if (str_is(what, "schema"))
        json_schema_put(&text);
    else
        return cli_usage("config: say reference, expressions, events, metrics, credentials or "
                         "schema");
    say_line(stdout, "%.*s", STR_ARG(str_trim(buf_str(&text))));
    return EXIT_DONE;
}

static const struct opt opts[] = {
    {"markdown", 0, OPT_FLAG, offsetof(struct options, markdown), NULL, "as docs/ has it"},
    OPT_END,
};

const struct command cmd_config = {
    .name = "config",
    .operands = "reference|expressions|events|metrics|credentials|schema",
    .summary =
        "every key, expression, log event and metric, for people; the keys for editors (JSON "
        "Schema)",
    .help = "pagetide config schema > pagetide.schema.json; then, at the top of a source:\n"
            "# yaml-language-server: $schema=../pagetide.schema.json",
    .opts = opts,
    .run = config_main,
};
