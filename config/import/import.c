#include "config/import/import.h"

#include "config/import/formats.h"
#include "config/problem.h"
#include "config/source.h"

enum { OUT_BYTES_MAX = 8 << 20, ERRORS_BYTES_MAX = 256 * 1024 };

static const struct import_format *const formats[] = {&import_airbyte, &import_noetl,
                                                      &import_meltano, &import_dlt};

static bool find_by_name(const char *name, const struct import_format **ret, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (!strcmp(name, formats[i]->name)) {
            *ret = formats[i];
            return true;
        }
    return err_set(err, ERR_CONFIG, "import", 0, "--from: \"%s\" is none of %s", name,
                   IMPORT_FORMATS);
}

static bool find_by_shape(const struct yaml_node *root, const struct import_format **ret,
                          struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (formats[i]->is(root)) {
            *ret = formats[i];
            return true;
        }
    return err_set(err, ERR_CONFIG, "import", 0,
                   "is none of these: %s; %s; %s; %s. --from takes it for one of them",
                   formats[0]->what, formats[1]->what, formats[2]->what, formats[3]->what);
}

static bool find_format(const struct yaml_node *root, const char *name,
                        const struct import_format **ret, struct err *err)
{
    return name ? find_by_name(name, ret, err) : find_by_shape(root, ret, err);
}

/* What `check` says of it, behind what was written: so its lines are those that are named. */
static void append_problems(struct buf *out, struct str errors)
{
    struct str line;
    buf_puts(out, "\n# pagetide check says of this:\n");
    while (errors.len) {
        errors = str_split(errors, '\n', &line);
        if (line.len)
            buf_printf(out, "#   %.*s\n", STR_ARG(line));
    }
}

static bool write_out(struct import *import, const struct import_format *format,
                      struct imported *ret, struct err *err)
{
    AUTO_BUF(out, OUT_BYTES_MAX);
    AUTO_BUF(errors, ERRORS_BYTES_MAX);
    struct err ignored = ERR_INIT;
    struct source *source;
    outline_write(import->root, &out);
    if (out.has_overflowed)
        return err_set(err, ERR_INPUT, "import", 0,
                       "the definition would be over %d MiB, or one of its values over 1 MiB: "
                       "import a part of it",
                       OUT_BYTES_MAX >> 20);
    struct str name =
        arena_printf(import->arena, "%.*s.yaml", STR_ARG(import_source_name(import)));
    ret->is_valid =
        source_parse(import->arena, name, buf_str(&out), &source, &errors, &ignored);
    if (!ret->is_valid)
        append_problems(&out, buf_str(&errors));
    ret->format = format->name;
    ret->text = arena_str(import->arena, buf_str(&out));
    ret->source = import_source_name(import);
    ret->streams = outline_count(import->streams);
    ret->gaps = import->gaps;
    ret->variables = import->variables;
    return true;
}

static void note_head(struct import *import, const char *file,
                      const struct import_format *format)
{
    const char *slash = strrchr(file, '/');
    file = slash ? slash + 1 : file;
    outline_note(import->root,
                 "Made by `pagetide import` from %s (%s). What has no counterpart "
                 "is said in comments; docs/import.md says more.",
                 file, format->name);
}

static void note_variables(struct import *import)
{
    if (import->variables.len)
        outline_note(import->root,
                     "Credentials were not taken over. Set in the environment, or "
                     "name files of secrets_dir instead: %.*s",
                     STR_ARG(import->variables));
}

bool import_definition(struct arena *arena, const char *file, struct str text,
                       const char *format_name, struct imported *ret, struct err *err)
{
    struct yaml_node *document;
    const struct import_format *format = NULL;
    AUTO_BUF(errors, ERRORS_BYTES_MAX);
    struct problems problems = {.arena = arena, .file = str_from(file), .out = &errors};
    if (!yaml_parse(arena, text, problem_on_yaml, &problems, &document, err) ||
        !find_format(document, format_name, &format, err))
        return err_wrap(err, "%s", file);
    struct import import = {.arena = arena, .root = outline_new(arena)};
    import.streams = outline_map(import.root, "streams");
    note_head(&import, file, format);
    format->read(&import, document);
    note_variables(&import);
    if (!outline_count(import.streams))
        return err_set(err, ERR_CONFIG, "import", 0, "%s: there is nothing to read in it: %s",
                       file, format->what);
    return write_out(&import, format, ret, err);
}
