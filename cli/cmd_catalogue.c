#include "base/json_out.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "config/catalogue.h"

/*
 * `catalogue`: which API servers a source may be `like`. The list has what each entry says of
 * itself; one entry is printed as its file is, so that it can be read, and copied.
 */
enum { LINE_BYTES_MAX = 64 * 1024 };

static void put_texts(struct buf *line, const char *joint, const struct str *texts,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(line, "%s%.*s", i ? joint : "", STR_ARG(texts[i]));
}

static void say_entry(const struct catalogue_entry *entry)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    buf_printf(&line, "%.*s: %.*s, tried: ", STR_ARG(entry->name), STR_ARG(entry->server));
    put_texts(&line, ", ", entry->versions, entry->version_count);
    if (entry->stream_count) {
        buf_puts(&line, "\n  streams: ");
        put_texts(&line, ", ", entry->streams, entry->stream_count);
    }
    if (entry->cannot_count) {
        buf_puts(&line, "\n  cannot: ");
        put_texts(&line, "\n  cannot: ", entry->cannot, entry->cannot_count);
    }
    say_line(stdout, "%.*s", STR_ARG(buf_str(&line)));
}

static const char markdown_head[] =
    "| entry | server | tried | streams | cannot |\n|---|---|---|---|---|";

static void say_entry_markdown(const struct catalogue_entry *entry)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    buf_printf(&line, "| `%.*s` | %.*s | ", STR_ARG(entry->name), STR_ARG(entry->server));
    put_texts(&line, ", ", entry->versions, entry->version_count);
    buf_puts(&line, " | ");
    put_texts(&line, ", ", entry->streams, entry->stream_count);
    buf_puts(&line, " | ");
    put_texts(&line, ";<br>", entry->cannot, entry->cannot_count);
    say_line(stdout, "%.*s |", STR_ARG(buf_str(&line)));
}

static void put_list(struct json_out *out, const char *key, const struct str *texts,
                     size_t count)
{
    json_out_open(out, key, '[');
    for (size_t i = 0; i < count; i++)
        json_out_str(out, NULL, texts[i]);
    json_out_close(out, ']');
}

static void say_entry_json(const struct catalogue_entry *entry)
{
    AUTO_BUF(line, LINE_BYTES_MAX);
    struct json_out out = {.buf = &line};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "name", entry->name);
    json_out_str(&out, "server", entry->server);
    put_list(&out, "versions", entry->versions, entry->version_count);
    put_list(&out, "streams", entry->streams, entry->stream_count);
    put_list(&out, "cannot", entry->cannot, entry->cannot_count);
    json_out_close(&out, '}');
    say_json(buf_str(&line));
}

static bool find(struct cli *cli, struct str name, struct catalogue_entry *ret_entry)
{
    struct str nearest = catalogue_nearest(name);
    if (catalogue_find(cli->arena, name, ret_entry))
        return true;
    if (nearest.len)
        cli_usage("catalogue: there is no \"%.*s\"; did you mean \"%.*s\"?", STR_ARG(name),
                  STR_ARG(nearest));
    else
        cli_usage("catalogue: there is no \"%.*s\": pagetide catalogue lists what there is",
                  STR_ARG(name));
    return false;
}

static int say_all(struct cli *cli)
{
    if (cli->options.markdown)
        say_line(stdout, "%s", markdown_head);
    for (size_t i = 0; catalogue_name(i).len; i++) {
        struct catalogue_entry entry;
        if (!find(cli, catalogue_name(i), &entry))
            return EXIT_USAGE;
        if (cli->options.json)
            say_entry_json(&entry);
        else if (cli->options.markdown)
            say_entry_markdown(&entry);
        else
            say_entry(&entry);
    }
    return EXIT_DONE;
}

static int catalogue_main(struct cli *cli)
{
    struct catalogue_entry entry;
    if (cli->operand_count == 0)
        return say_all(cli);
    if (cli->operand_count > 1)
        return cli_usage("catalogue: say one ENTRY, or none for the list");
    if (!find(cli, str_from(cli->operands[0]), &entry))
        return EXIT_USAGE;
    if (cli->options.json)
        say_entry_json(&entry);
    else
        say_text(stdout, entry.text);
    return EXIT_DONE;
}

static const struct opt opts[] = {
    {"markdown", 0, OPT_FLAG, offsetof(struct options, markdown), NULL,
     "the list as docs/ has it"},
    OPT_END,
};

const struct command cmd_catalogue = {
    .name = "catalogue",
    .operands = "[ENTRY]",
    .summary = "the API servers that a source may be `like`; one of them: its definition",
    .help = "A source with `like: ENTRY` has the entry's keys where it says nothing itself.\n"
            "`tried` are versions that were read whole; `cannot` is what no definition gets\n"
            "from that server (docs/servers.md).",
    .opts = opts,
    .run = catalogue_main,
};
