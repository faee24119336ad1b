#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/log.h"
#include "cli/first_partition.h"
#include "cli/new_file.h"
#include "cli/preview_print.h"
#include "cli/say.h"
#include "cli/streams.h"
#include "cli/test_print.h"
#include "port/yaml.h"
#include "worker/rehearsal/hidden.h"
#include "worker/rehearsal/recorder.h"
#include "worker/rehearsal/recording_text.h"
#include "worker/rehearsal/rehearsal.h"

/*
 * `record`: the first pages of a stream as a file for `test`. What is expected is what the
 * definition makes of the file, so that a fresh recording always passes; it is compared with
 * what it made of the API.
 */
enum { PAGES_STANDARD = 3, LINE_BYTES_MAX = 1024 * 1024 };

struct recorded {
    const char *file;
    struct recording recording;
    struct preview preview;
    struct rehearsal rehearsal;
    int hidden;
};

/* --- what is asked for --- */

static bool read_plain(struct cli *cli, struct value *ret, struct err *err)
{
    const struct opt_list *names = &cli->options.plain;
    struct value_map *map = ARENA_NEW(cli->arena, struct value_map);
    map->members = ARENA_ARRAY(cli->arena, struct value_member, MAX(names->count, 1));
    map->count = 0;
    *ret = UNDEFINED_VALUE;
    for (size_t i = 0; i < names->count; i++) {
        struct str name = str_from(names->items[i]);
        const char *text =
            str_starts(name, STR("env.")) ? getenv(names->items[i] + strlen("env.")) : NULL;
        if (!text)
            return err_set(err, ERR_CONFIG, "record", 0,
                           "--plain: \"%s\" is no variable that is set: env.NAME is expected",
                           names->items[i]);
        map->members[map->count++] = (struct value_member){name, value_string(str_from(text))};
    }
    if (map->count)
        *ret = (struct value){.kind = VALUE_MAP, .map = map};
    return true;
}

static bool choose_file(struct cli *cli, const struct stream *stream, const char **ret_file,
                        struct err *err)
{
    const char *dir = tests_folder(cli);
    *ret_file = cli->options.output;
    if (!*ret_file) {
        *ret_file = arena_printf(cli->arena, "%s/%.*s.yaml", dir, STR_ARG(stream->name)).ptr;
        if (mkdir(dir, 0777) && errno != EEXIST)
            return err_set(err, ERR_CONFIG, "record", errno, "%s: %s", dir, strerror(errno));
    }
    struct stat there;
    return stat(*ret_file, &there) ||
           err_set(err, ERR_CONFIG, "record", EEXIST,
                   "%s is there already: remove it, or name another with -o", *ret_file);
}

/* The partition stands in the file: it is what the recording is of. */
static bool take_partition(struct recorded *recorded, struct value partition, struct err *err)
{
    struct str secret = hidden_member(partition);
    recorded->recording.partition = partition;
    return !secret.len ||
           err_set(err, ERR_CONFIG, "record", 0,
                   "the partition's \"%.*s\" is named like a credential, and would be in the "
                   "file: select a name, and read {{ env.NAME }} or {{ secrets.NAME }} by it",
                   STR_ARG(secret));
}

static bool fetch(struct cli *cli, struct stream *stream, struct recorded *recorded,
                  struct err *err)
{
    struct recorder recorder;
    struct recording *recording = &recorded->recording;
    bool is_from_sql = stream->partitions.kind == VALUE_MAP;
    recording->partition = UNDEFINED_VALUE;
    recording->stream = stream->name;
    recording->pages = cli->options.pages ? (int)cli->options.pages : PAGES_STANDARD;
    if (first_partition_take(cli, stream) && is_from_sql &&
        !take_partition(recorded, value_at(stream->partitions, 0), err))
        return false;
    recording->at_ms = clock_wall_ms();
    recorder_open(&recorder, cli->arena, stream, recording->at_ms);
    const struct crawl_watch watch = recorder_watch(&recorder);
    const struct preview_options options = {.loop = cli_loop(cli),
                                            .stream = stream,
                                            .secrets_dir = cli->settings.secrets_dir,
                                            .started_ms = recording->at_ms,
                                            .pages = recording->pages,
                                            .watch = &watch,
                                            .on_retry = preview_print_retry};
    if (!preview_has_secrets(stream, cli->settings.secrets_dir, err) ||
        !preview_run(&options, cli->arena, &recorded->preview, err))
        return false;
    if (!recorder.count && recorded->preview.error.len)
        return err_set(err, ERR_INPUT, "record", 0, "%.*s: nothing was asked for: %.*s",
                       STR_ARG(stream->name), STR_ARG(recorded->preview.error));
    return recorder_end(&recorder, recording, &recorded->hidden, err);
}

/* --- what comes of it --- */

/* Was it the same with placeholders as it was with the API? */
static bool check_end(const struct recorded *recorded, struct err *err)
{
    AUTO_BUF(lines, LINE_BYTES_MAX);
    const struct rehearsal *rehearsal = &recorded->rehearsal;
    const char *state = preview_state_name(&recorded->preview);
    struct str again = value_get(rehearsal->outcome, STR("state")).text;
    if (str_is(again, state) && rehearsal->records == recorded->preview.records &&
        !rehearsal->missing_count)
        return true;
    test_put_exchanges(&lines, &recorded->recording, rehearsal);
    const struct str error = rehearsal->error.len ? rehearsal->error : recorded->preview.error;
    return err_set(
        err, ERR_INPUT, "record", 0,
        "%.*s: nothing is written: the API's %lld records ended as \"%s\", and the "
        "recorded ones, with placeholders for what is secret, were %lld and \"%.*s\". "
        "Is a variable that the definition reads no secret? --plain env.NAME keeps "
        "its value%.*s\n  %.*s",
        STR_ARG(recorded->recording.stream), (long long)recorded->preview.records, state,
        (long long)rehearsal->records, STR_ARG(again),
        STR_ARG(str_slice(buf_str(&lines), 0, 1500)), STR_ARG(error));
}

/* A value that is hidden may be no uuid any more; that cannot be helped. */
static void tell_types(const struct recorded *recorded)
{
    struct value tables = value_get(recorded->rehearsal.outcome, STR("tables"));
    for (size_t i = 0; i < recorded->preview.table_count; i++) {
        const struct preview_table *table = &recorded->preview.tables[i];
        struct value types = value_get(value_get(tables, table->name), STR("columns"));
        for (size_t j = 0; j < table->count; j++) {
            const struct column *column = &table->columns[j];
            struct str type = value_get(types, column->name).text;
            if (!str_eq(type, column->sql_type))
                say_note(stderr,
                         "pagetide: %.*s.%.*s is %.*s with the API, and %.*s here, because a "
                         "placeholder stands in it",
                         STR_ARG(table->name), STR_ARG(column->name), STR_ARG(column->sql_type),
                         STR_ARG(type.len ? type : STR("missing")));
        }
    }
}

static bool write_file(struct cli *cli, const struct stream *stream, struct recorded *recorded,
                       struct err *err)
{
    AUTO_BUF(text, YAML_TEXT_MAX_BYTES);
    struct recording *recording = &recorded->recording;
    buf_printf(&text,
               "# Made by `pagetide record %.*s`; `pagetide test` runs it, and its --update "
               "writes\n# `expect` anew. Change what you like: docs/testing.md.\n",
               STR_ARG(recording->stream));
    recording_put(&text, recording);
    if (!recording_parse(cli->arena, recorded->file, buf_str(&text), recording, err))
        return err_wrap(err, "what was recorded cannot be read back");
    if (!rehearsal_run(recording, stream, cli->arena, &recorded->rehearsal, err) ||
        !check_end(recorded, err))
        return false;
    recording_put_expect(&text, recorded->rehearsal.outcome);
    if (text.has_overflowed)
        return err_set(err, ERR_INPUT, "record", 0,
                       "the file would be over %d MiB: take fewer pages",
                       YAML_TEXT_MAX_BYTES >> 20);
    return new_file_write(recorded->file, buf_str(&text), err);
}

static void tell(const struct cli *cli, const struct recorded *recorded)
{
    const struct preview *preview = &recorded->preview;
    if (cli->options.json) {
        AUTO_BUF(line, LINE_BYTES_MAX);
        struct json_out out = {.buf = &line};
        json_out_open(&out, NULL, '{');
        json_out_str(&out, "file", str_from(recorded->file));
        json_out_str(&out, "stream", recorded->recording.stream);
        json_out_str(&out, "state", str_from(preview_state_name(preview)));
        json_out_int(&out, "requests", (int64_t)recorded->recording.count);
        json_out_int(&out, "pages", preview->pages);
        json_out_int(&out, "records", preview->records);
        json_out_int(&out, "hidden", recorded->hidden);
        json_out_close(&out, '}');
        say_json(buf_str(&line));
        return;
    }
    say_line(stdout, "%s: %.*s: %d pages, %lld records, %zu requests: %s", recorded->file,
             STR_ARG(recorded->recording.stream), preview->pages, (long long)preview->records,
             recorded->recording.count, preview_state_name(preview));
    tell_types(recorded);
    if (preview->error.len)
        say_note(stderr, "pagetide: recorded as it ended: %.*s", STR_ARG(preview->error));
    if (recorded->hidden)
        say_note(stderr,
                 "pagetide: %d values of members that are named like credentials are recorded "
                 "as <hidden-N>",
                 recorded->hidden);
}

static int record(struct cli *cli, struct stream *stream)
{
    struct recorded recorded = {0};
    struct err err = ERR_INIT;
    if (!choose_file(cli, stream, &recorded.file, &err) ||
        !read_plain(cli, &recorded.recording.values, &err) ||
        !fetch(cli, stream, &recorded, &err) || !write_file(cli, stream, &recorded, &err))
        return cli_fail(&err);
    tell(cli, &recorded);
    return exit_code_of_preview(&recorded.preview);
}

static int record_main(struct cli *cli)
{
    struct stream *stream;
    if (cli->operand_count != 1)
        return cli_usage("record: name one stream (source.stream)");
    if (cli->options.pages > INT32_MAX)
        return cli_usage("record: --pages is too large");
    if (!cli->options.log_level)
        log_set_level(LOG_WARN);
    if (!streams_find_one(cli, "record", cli->operands[0], &stream))
        return EXIT_USAGE;
    return record(cli, stream);
}

static const struct opt opts[] = {
    {"pages", 0, OPT_COUNT, offsetof(struct options, pages), "N", "pages to fetch (3)"},
    {"output", 'o', OPT_TEXT, offsetof(struct options, output), "FILE",
     "where to (tests/STREAM.yaml of the configuration folder)"},
    {"plain", 0, OPT_LIST, offsetof(struct options, plain), "env.NAME",
     "this variable is no secret: its value is recorded"},
    OPT_END,
};

const struct command cmd_record = {
    .name = "record",
    .operands = "STREAM",
    .summary = "fetch the first pages into a file that `test` runs offline",
    .help = "Fetches as `preview` does, and writes requests, answers and the rows that come of "
            "them.\nNo credential is in the file: docs/testing.md says what stands for them.",
    .opts = opts,
    .needs_settings = true,
    .run = record_main,
};
