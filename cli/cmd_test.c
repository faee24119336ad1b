#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/redact.h"
#include "cli/new_file.h"
#include "cli/say.h"
#include "cli/test_print.h"
#include "port/yaml.h"
#include "worker/rehearsal/recording_text.h"

/* `test`: definitions against recorded pages, without a network, a server or a credential. */

struct testing {
    struct cli *cli;
    struct source **sources;
    size_t source_count;
    int passed, failed;
    int code; /* the worst so far */
};

/* --- the option --update --- */

static struct str before_line(struct str text, int line)
{
    struct str rest = text, head;
    for (int at = 1; at < line; at++)
        rest = str_split(rest, '\n', &head);
    return str_slice(text, 0, (size_t)(rest.ptr - text.ptr));
}

/* A link to a file stays one. */
static bool replace_file(struct arena *arena, const char *file, struct str text,
                         struct err *err)
{
    char real[PATH_MAX];
    if (!realpath(file, real))
        return err_set(err, ERR_CONFIG, "file", errno, "%s: %s", file, strerror(errno));
    const char *other = arena_printf(arena, "%s.%d.new", real, (int)getpid()).ptr;
    if (!new_file_write(other, text, err))
        return false;
    if (!rename(other, real))
        return true;
    err_set(err, ERR_CONFIG, "file", errno, "%s: %s", file, strerror(errno));
    unlink(other);
    return false;
}

/* Where the file is one map in braces, what is put behind it is no part of it. */
static bool is_read_back(struct arena *arena, const struct tested *tested, struct str text,
                         struct err *err)
{
    struct recording read;
    if (!recording_parse(arena, tested->file, text, &read, err))
        return err_wrap(err, "nothing is written: with the new `expect` it cannot be read");
    return (read.count == tested->recording->count && read.is_expect_last) ||
           err_set(
               err, ERR_CONFIG, "test", 0,
               "%s: nothing is written: with the new `expect` it would be another recording; "
               "write its keys on lines of their own for --update",
               tested->file);
}

/* What stands before `expect` is the person's, and stays byte by byte. */
static bool update(struct arena *arena, const struct tested *tested, struct str text,
                   struct err *err)
{
    const struct recording *recording = tested->recording;
    AUTO_BUF(updated, YAML_TEXT_MAX_BYTES);
    if (recording->expect_line && !recording->is_expect_last)
        return err_set(err, ERR_CONFIG, "test", 0,
                       "%s:%d: `expect` must be the last key for --update", tested->file,
                       recording->expect_line);
    buf_put(&updated,
            recording->expect_line ? before_line(text, recording->expect_line) : text);
    if (updated.len && updated.ptr[updated.len - 1] != '\n')
        buf_put_byte(&updated, '\n');
    recording_put_expect(&updated, tested->rehearsal->outcome);
    if (updated.has_overflowed)
        return err_set(err, ERR_INPUT, "test", 0, "%s: it would be over %d MiB", tested->file,
                       YAML_TEXT_MAX_BYTES >> 20);
    return is_read_back(arena, tested, buf_str(&updated), err) &&
           replace_file(arena, tested->file, buf_str(&updated), err);
}

/* --- one file --- */

static const struct stream *find_stream(const struct testing *testing, const char *file,
                                        const struct recording *recording, struct err *err)
{
    const struct stream *stream =
        source_find_stream(testing->sources, testing->source_count, recording->stream);
    if (!stream)
        err_set(err, ERR_CONFIG, "test", 0, "%s: there is no stream %.*s in %s/sources%s", file,
                STR_ARG(recording->stream), testing->cli->settings.config_dir,
                testing->cli->has_broken_files ? " that can be read" : "");
    return stream;
}

static bool rehearse(struct testing *testing, const char *file, struct arena *arena,
                     struct err *err)
{
    struct recording recording;
    struct rehearsal rehearsal;
    AUTO_BUF(text, YAML_TEXT_MAX_BYTES);
    if (!file_read(file, &text, err) ||
        !recording_parse(arena, file, buf_str(&text), &recording, err))
        return false;
    const struct stream *stream = find_stream(testing, file, &recording, err);
    if (!stream || !rehearsal_run(&recording, stream, arena, &rehearsal, err))
        return false;
    struct differences differences = {.arena = arena};
    if (!rehearsal.missing_count) /* else all the rest follows from that */
        differences_find(&differences, recording.expect, rehearsal.outcome);
    bool is_same = !differences.count && !rehearsal.missing_count;
    struct tested tested = {file, &recording, &rehearsal, &differences,
                            is_same ? TEST_PASSED : TEST_FAILED};
    if (testing->cli->options.update && !is_same && !rehearsal.missing_count) {
        if (!update(arena, &tested, buf_str(&text), err))
            return false;
        tested.result = TEST_UPDATED;
    }
    test_print(testing->cli, &tested);
    testing->passed += tested.result != TEST_FAILED;
    testing->failed += tested.result == TEST_FAILED;
    if (tested.result == TEST_FAILED)
        testing->code = exit_code_worst(testing->code, EXIT_RUN_FAILED);
    return true;
}

static void test(struct testing *testing, const char *file)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    size_t mark = redact_mark();
    if (!rehearse(testing, file, arena, &err)) {
        testing->failed++;
        testing->code = exit_code_worst(testing->code, cli_fail(&err));
    }
    redact_forget(mark);
}

/* --- all of them --- */

static int test_folder(struct testing *testing)
{
    const char *dir = tests_folder(testing->cli);
    glob_t files;
    const char *pattern = arena_printf(testing->cli->arena, "%s/*.y{,a}ml", dir).ptr;
    if (glob(pattern, GLOB_BRACE, NULL, &files))
        return cli_usage(
            "test: there is no recording in %s: `pagetide record STREAM` makes one", dir);
    for (size_t i = 0; i < files.gl_pathc; i++)
        test(testing, files.gl_pathv[i]);
    globfree(&files);
    return testing->code;
}

static int test_main(struct cli *cli)
{
    struct testing testing = {.cli = cli};
    bool is_whole;
    if (!cli->options.log_level)
        log_set_level(LOG_WARN);
    if (!cli_sources(cli, &testing.sources, &testing.source_count, &is_whole))
        return EXIT_USAGE;
    for (int i = 0; i < cli->operand_count; i++)
        test(&testing, cli->operands[i]);
    int code = cli->operand_count ? testing.code : test_folder(&testing);
    if (testing.passed + testing.failed)
        test_print_totals(cli, testing.passed, testing.failed);
    return code;
}

static const struct opt opts[] = {
    CLI_OPT(update, OPT_FLAG, NULL, "what comes out is what is expected from now on"),
    OPT_END,
};

const struct command cmd_test = {
    .name = "test",
    .operands = "[FILE…]",
    .summary = "run definitions on recorded pages, offline, and compare the rows",
    .help = "All of tests/*.yaml and .yml of the configuration folder, as `pagetide record` "
            "makes\nthem. No connection is made, no credential is read, and nothing is waited "
            "for. Exits\nwith 1 where something is another than expected.",
    .opts = opts,
    .needs_settings = true,
    .run = test_main,
};
