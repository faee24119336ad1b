#include "config/settings.h"

#include <unistd.h>

#include "base/file.h"
#include "config/keys.h"
#include "port/redis_url.h"

/*
 * One key makes a line of pagetide.yaml, an option of the command line (with dashes) and a
 * variable of the environment (in capitals, after PAGETIDE_).
 */
#define SETTING(member) AT(struct settings, member)

enum { SECRET_FILE_MAX_BYTES = 64 << 10, SETTINGS_MAX_BYTES = 1 << 20 };

/* clang-format off */
static const struct key setting_list[] = {
    {.name = "database_url", .type = KEY_CSTR, .flags = KEY_NO_DEFAULT_IN_HELP,
     SETTING(database_url), .fallback = "postgresql:///", .help = "where the tables are",
     .option = {"URL", "PostgreSQL, postgresql://…"}},
    {.name = "redis_url", .type = KEY_CSTR, .flags = KEY_NO_DEFAULT_IN_HELP,
     SETTING(redis_url), .fallback = "redis://127.0.0.1:6379",
     .help = "where the queue is: redis://, rediss://, redis+unix://, redis+sentinel://",
     .option = {"URL", "redis://host:port"}},
    {.name = "redis_prefix", .type = KEY_CSTR, SETTING(redis_prefix), .fallback = "pagetide",
     .help = "what every key in Redis begins with",
     .option = {"TEXT", "first part of every key"}},
    {.name = "jobs", .type = KEY_COUNT, SETTING(jobs), .min = 1, .max = 10000,
     .fallback = "64", .help = "jobs that a worker process holds at once",
     .option = {"N", "jobs held at once"}},
    {.name = "processes", .type = KEY_COUNT, SETTING(processes), .min = 1, .max = 256,
     .fallback = "1", .help = "of `worker` and `up`, which watches them",
     .option = {"N", "worker processes (worker, up)"}},
    {.name = "lease", .type = KEY_DURATION, SETTING(lease_ms), .min = 1000, .fallback = "30s",
     .help = "how long a job stays with a worker that sends no beats",
     .option = {"TIME", "lease of a job"}},
    {.name = "beat", .type = KEY_DURATION, SETTING(beat_ms), .min = 100, .fallback = "10s",
     .help = "how often a worker renews its leases", .option = {"TIME", "between beats"}},
    {.name = "memory", .type = KEY_SIZE, SETTING(memory_bytes), .min = 1 << 20,
     .fallback = "64MiB", .help = "bodies and batches of a process",
     .option = {"SIZE", "bound on bodies and batches"}},
    {.name = "batch_records", .type = KEY_COUNT, SETTING(batch_records), .min = 1,
     .fallback = "10000", .help = "records after which a batch is committed",
     .option = {"N", "records a commit"}},
    {.name = "batch_bytes", .type = KEY_SIZE, SETTING(batch_bytes), .min = 1,
     .fallback = "8MiB", .help = "bytes after which a batch is committed",
     .option = {"SIZE", "bytes a commit"}},
    {.name = "batch_age", .type = KEY_DURATION, SETTING(batch_age_ms), .fallback = "1s",
     .help = "age at which a batch is committed", .option = {"TIME", "age of a commit"}},
    {.name = "connections", .type = KEY_COUNT, SETTING(connections), .min = 1, .max = 100,
     .fallback = "2", .help = "to PostgreSQL, per process",
     .option = {"N", "sessions that load"}},
    {.name = "http", .type = KEY_CSTR, SETTING(http),
     .help = "address of the status server, or off",
     .option = {"ADDR", "status listener, host:port or off"}},
    {.name = "token", .type = KEY_CSTR, SETTING(token),
     .help = "what the status server asks for",
     .option = {"TEXT", "asked by the status listener (better: PAGETIDE_TOKEN_FILE)"}},
    {.name = "secrets_dir", .type = KEY_CSTR, SETTING(secrets_dir),
     .help = "folder with a file for each secrets.NAME",
     .option = {"DIR", "files behind {{ secrets.NAME }}"}},
    {.name = "retention", .type = KEY_DURATION, SETTING(retention_ms), .min = 1000,
     .fallback = "30d", .help = "how long history and ledger are kept",
     .option = {"TIME", "how long history is kept"}},
    {.name = "log_level", .type = KEY_CSTR, SETTING(log_level),
     .help = "debug, info, warn or error; also --log-level"},
    {.name = "log_format", .type = KEY_CSTR, SETTING(log_format),
     .help = "text or json; also --log-format"},
    KEY_END,
};
/* clang-format on */

const struct keys setting_keys = {setting_list, sizeof(struct settings)};

_Static_assert(COUNT_OF(setting_list) <= SETTINGS_MAX, "there is room for every option");

/* --- options --- */

/* "batch_records" → "batch-records" */
static const char *option_name(struct arena *arena, const struct key *key)
{
    char *name = arena_cstr(arena, str_from(key->name));
    for (char *c = name; *c; c++)
        *c = *c == '_' ? '-' : *c;
    return name;
}

static const char *option_help(struct arena *arena, const struct key *key)
{
    if (!key->fallback || key->flags & KEY_NO_DEFAULT_IN_HELP)
        return key->option.help;
    return arena_printf(arena, "%s (%s)", key->option.help, key->fallback).ptr;
}

const struct opt *settings_options(struct arena *arena, size_t offset)
{
    struct opt *opts = ARENA_ARRAY(arena, struct opt, SETTINGS_MAX);
    size_t count = 0;
    for (const struct key *key = setting_list; key->name; key++) {
        if (!key->option.value)
            continue;
        opts[count] = (struct opt){.name = option_name(arena, key),
                                   .type = OPT_TEXT,
                                   .offset = offset + count * sizeof(const char *),
                                   .value = key->option.value,
                                   .help = option_help(arena, key)};
        count++;
    }
    opts[count] = (struct opt)OPT_END;
    return opts;
}

/* --- loading --- */

/* A setting that came as a text, with the name it came under for messages. */
static void take_text(struct reader *reader, const struct key *key, struct str name,
                      struct str text, struct settings *settings)
{
    struct yaml_node node = {.kind = YAML_STRING, .text = text};
    struct str file = reader->problems->file;
    reader->problems->file = name;
    keys_read_one(reader, key, &node, settings);
    reader->problems->file = file;
}

static bool read_yaml_file(struct reader *reader, const char *path, struct settings *settings,
                           struct err *err)
{
    AUTO_BUF(text, SETTINGS_MAX_BYTES);
    struct yaml_node *root;
    struct err yaml_err = ERR_INIT;
    if (access(path, F_OK) == 0 && !file_read(path, &text, err))
        return false;
    reader->problems->file = str_from(path);
    if (!yaml_parse(reader->arena, buf_str(&text), problem_on_yaml, reader->problems, &root,
                    &yaml_err))
        return true; /* every error is among the problems */
    if (root->kind == YAML_NULL)
        root->kind = YAML_MAP;
    keys_read(reader, &setting_keys, root, settings);
    return true;
}

static struct str env_name(struct arena *arena, const char *name)
{
    struct str text = arena_printf(arena, "PAGETIDE_%s", name);
    char *bytes = arena_cstr(arena, text);
    for (char *c = bytes; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 32);
    return str_from(bytes);
}

bool settings_has_variable(struct arena *arena, struct str name)
{
    static const char *const others[] = {"PAGETIDE_CONFIG", "PAGETIDE_CORE_DUMPS",
                                         "PAGETIDE_SOURCES", "PAGETIDE_BUILD"};
    if (str_ends(name, STR("_FILE")))
        name = str_slice(name, 0, name.len - 5);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (str_is(name, others[i]))
            return true;
    for (const struct key *key = setting_list; key->name; key++)
        if (str_eq(name, env_name(arena, key->name)))
            return true;
    /* Kubernetes names services so, and somebody calls one "pagetide". */
    return str_find(name, STR("_SERVICE_")) >= 0 || str_find(name, STR("_PORT")) >= 0 ||
           str_starts(name, STR("PAGETIDE_TEST_"));
}

/* The content of the file that PAGETIDE_<NAME>_FILE names, without its last line break. */
static bool env_file(struct arena *arena, struct str name, struct str *ret_text,
                     struct err *err)
{
    const char *path = getenv(arena_printf(arena, "%s_FILE", name.ptr).ptr);
    if (!path)
        return true;
    AUTO_BUF(text, SECRET_FILE_MAX_BYTES);
    if (!file_read(path, &text, err))
        return err_wrap(err, "%s_FILE", name.ptr);
    *ret_text = arena_str(arena, file_trim_end(buf_str(&text)));
    return true;
}

static bool read_env(struct reader *reader, struct settings *settings, struct err *err)
{
    for (const struct key *key = setting_list; key->name; key++) {
        struct str name = env_name(reader->arena, key->name);
        struct str text = STR_NONE;
        if (!env_file(reader->arena, name, &text, err))
            return false;
        const char *plain = getenv(name.ptr);
        if (plain)
            text = arena_str(reader->arena, str_from(plain));
        if (text.ptr)
            take_text(reader, key, name, text, settings);
    }
    return true;
}

static void read_flags(struct reader *reader, const char *const *flags,
                       struct settings *settings)
{
    for (; flags && *flags; flags += 2)
        for (const struct key *key = setting_list; key->name; key++)
            if (strcmp(flags[0], option_name(reader->arena, key)) == 0)
                take_text(reader, key, arena_printf(reader->arena, "--%s", flags[0]),
                          str_from(flags[1]), settings);
}

bool settings_load(struct arena *arena, const char *dir, const char *const *flags,
                   struct settings *ret_settings, struct err *err)
{
    AUTO_BUF(lines, ERR_TEXT_BYTES * 4);
    struct problems problems = {.arena = arena, .out = &lines};
    struct reader reader = {.arena = arena, .problems = &problems};
    struct settings settings = {.config_dir = arena_cstr(arena, str_from(dir))};
    const char *path = arena_printf(arena, "%s/pagetide.yaml", dir).ptr;
    if (!read_yaml_file(&reader, path, &settings, err) || !read_env(&reader, &settings, err))
        return false;
    read_flags(&reader, flags, &settings);
    if (problems.count)
        return err_set(err, ERR_CONFIG, "config", 0, "%.*s",
                       STR_ARG(str_trim(buf_str(&lines))));
    if (settings.beat_ms * 2 >= settings.lease_ms)
        return err_set(err, ERR_CONFIG, "config", 0,
                       "beat must be less than half of lease, or leases run out between beats");
    struct redis_url ignored;
    if (!redis_url_parse(arena, str_from(settings.redis_url), &ignored, err))
        return false;
    *ret_settings = settings;
    return true;
}
