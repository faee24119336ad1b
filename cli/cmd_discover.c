#include "base/json_out.h"
#include "base/log.h"
#include "cli/say.h"
#include "cli/url_source.h"

/* `discover`: a definition of what a URL answers, on stdout; what was tried, on stderr. */
enum { LINE_BYTES_MAX = 2 * 1024 * 1024 };

static void put_notes(struct json_out *out, const char *key, const struct notes *notes,
                      enum note_kind kind)
{
    json_out_open(out, key, '[');
    for (size_t i = 0; i < notes->count; i++) {
        if (notes->items[i].kind != kind)
            continue;
        json_out_open(out, NULL, '{');
        json_out_str(out, "about", str_from(notes->items[i].about));
        json_out_str(out, "text", notes->items[i].text);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

static void show_json(const struct url_source *source)
{
    const struct discovery *discovery = &source->discovery;
    AUTO_BUF(line, LINE_BYTES_MAX);
    struct json_out out = {.buf = &line};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "stream", source->name);
    json_out_str(&out, "definition", source->definition);
    json_out_int(&out, "requests", discovery->reader.requests);
    json_out_bool(&out, "confirmed", discovery->is_confirmed);
    put_notes(&out, "found", &discovery->notes, NOTE_SURE);
    put_notes(&out, "tried", &discovery->notes, NOTE_TRIED);
    put_notes(&out, "unsure", &discovery->notes, NOTE_UNSURE);
    json_out_close(&out, '}');
    say_json(buf_str(&line));
}

static int discover_main(struct cli *cli)
{
    int code;
    if (cli->operand_count != 1 || !url_source_is_url(cli->operands[0]))
        return cli_usage("discover: give one URL (https://…)");
    if (!cli->options.log_level)
        log_set_level(LOG_WARN);
    struct url_source *source = ARENA_NEW(cli->arena, struct url_source);
    if (!url_source_open(cli, cli->operands[0], cli->options.name, source))
        return EXIT_USAGE;
    if (!url_source_find(cli, source, &code))
        return code;
    if (cli->options.json) {
        show_json(source);
        return EXIT_DONE;
    }
    url_source_tell(source);
    say_text(stdout, source->definition);
    return EXIT_DONE;
}

static const struct opt opts[] = {
    {"name", 0, OPT_TEXT, offsetof(struct options, name), "SOURCE.STREAM",
     "the stream's name; made of the URL if absent"},
    URL_SOURCE_OPTS,
    OPT_END,
};

const struct command cmd_discover = {
    .name = "discover",
    .operands = "URL",
    .summary = "look at a list of an API, and print a definition that reads it",
    .help =
        "Reads a few pages and finds the format, the records, how pages follow, how large\n"
        "they may be, the key and a bookmark. Comments, and stderr, say what was tried and\n"
        "what is unsure. Needs no server: pagetide discover URL >sources/shop.yaml",
    .opts = opts,
    .needs_settings = true,
    .run = discover_main,
};
