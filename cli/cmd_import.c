#include "base/file.h"
#include "base/json_out.h"
#include "cli/cli.h"
#include "cli/new_file.h"
#include "cli/say.h"
#include "config/import/import.h"

/* `import`: a definition of another tool as one of ours. */
enum { FILE_BYTES_MAX = 4 << 20, LINE_BYTES_MAX = 16 << 20 };

static void show_json(const struct imported *imported)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    struct json_out out = {.buf = &line};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "from", str_from(imported->format));
    json_out_str(&out, "source", imported->source);
    json_out_int(&out, "streams", (int64_t)imported->streams);
    json_out_int(&out, "gaps", (int64_t)imported->gaps);
    json_out_bool(&out, "valid", imported->is_valid);
    json_out_str(&out, "variables", imported->variables);
    json_out_str(&out, "definition", imported->text);
    json_out_close(&out, '}');
    say_json(buf_str(&line));
}

/* What is left to do, on stderr. */
static void tell(const struct imported *imported)
{
    say_note(stderr, "  %s: %zu stream%s of %.*s", imported->format, imported->streams,
             imported->streams == 1 ? "" : "s", STR_ARG(imported->source));
    if (imported->variables.len)
        say_note(stderr, "  set %.*s: credentials were not taken over",
                 STR_ARG(imported->variables));
    if (imported->gaps)
        say_note(stderr, "  %zu thing%s to look at: the comments say what", imported->gaps,
                 imported->gaps == 1 ? "" : "s");
    if (!imported->is_valid)
        say_note(stderr, "  not yet a definition: its last comment says what check finds");
}

static bool read_input(struct cli *cli, struct imported *ret)
{
    AUTO_BUF(text, FILE_BYTES_MAX);
    struct err err = ERR_INIT;
    if (file_read(cli->operands[0], &text, &err) &&
        import_definition(cli->arena, cli->operands[0], buf_str(&text), cli->options.from, ret,
                          &err))
        return true;
    err_wrap(&err, "import");
    cli_fail(&err);
    return false;
}

static int import_main(struct cli *cli)
{
    const char *path = cli->options.save;
    struct imported imported;
    struct err err = ERR_INIT;
    if (cli->operand_count != 1)
        return cli_usage("import: give one file");
    if (!read_input(cli, &imported))
        return EXIT_USAGE;
    if (path && !new_file_write(path, imported.text, &err)) {
        err_wrap(&err, "import --save");
        return cli_fail(&err);
    }
    if (cli->options.json)
        show_json(&imported);
    else if (!path)
        say_text(stdout, imported.text);
    tell(&imported);
    return imported.is_valid ? EXIT_DONE : EXIT_RUN_FAILED;
}

static const struct opt opts[] = {
    {"from", 0, OPT_TEXT, offsetof(struct options, from), IMPORT_FORMATS,
     "the tool that the file is of; its shape tells if absent"},
    {"save", 0, OPT_TEXT, offsetof(struct options, save), "FILE",
     "write it there, where no file is yet, and not to stdout"},
    OPT_END,
};

const struct command cmd_import = {
    .name = "import",
    .operands = "FILE",
    .summary = "turn a definition of another tool into one of Pagetide",
    .help = "Reads a rest_api config of dlt, a declarative manifest of Airbyte, a NoETL "
            "playbook or\n"
            "the settings of tap-rest-api-msdk, and prints a definition. Each part without a\n"
            "counterpart is a comment that says what to do. Credentials are not taken over:\n"
            "{{ env.NAME }} stands in their place. Exits with 1 where `check` does not accept "
            "the\nresult yet. Needs no server.",
    .opts = opts,
    .run = import_main,
};
