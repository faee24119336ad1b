#include "config/settings.h"

#include <unistd.h>

#include "config/keys.h"
#include "tests/support/suite.h"

static char dir[] = "/tmp/pagetide-test-XXXXXX";

static const char *in_dir(struct arena *arena, const char *name)
{
    return arena_printf(arena, "%s/%s", dir, name).ptr;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* The settings of the test run itself (its servers) are not what is tested here. */
static void forget_environment(void)
{
    static const char *const names[] = {"PAGETIDE_DATABASE_URL", "PAGETIDE_REDIS_URL"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unsetenv(names[i]);
}

START_TEST(knows_its_defaults)
{
    forget_environment();
    struct arena *arena AUTO_ARENA = arena_new();
    struct settings settings;
    struct err err = ERR_INIT;
    ck_assert_ok(settings_load(arena, "/nowhere", NULL, &settings, &err), err);
    ck_assert_str_eq(settings.database_url, "postgresql:///");
    ck_assert_str_eq(settings.redis_prefix, "pagetide");
    ck_assert_int_eq(settings.jobs, 64);
    ck_assert_int_eq(settings.lease_ms, 30000);
    ck_assert_int_eq(settings.memory_bytes, 64 << 20);
    ck_assert_int_eq(settings.retention_ms, INT64_C(30) * 86400000);
    ck_assert_ptr_null(settings.http);
}
END_TEST

START_TEST(flag_over_environment_over_file)
{
    forget_environment();
    ck_assert_ptr_nonnull(mkdtemp(dir));
    struct arena *arena AUTO_ARENA = arena_new();
    write_file(in_dir(arena, "pagetide.yaml"), "jobs: 1\nlease: 60\nbatch_age: 500ms\n");
    write_file(in_dir(arena, "url"), "postgresql://secret\n");
    setenv("PAGETIDE_LEASE", "90", 1);
    setenv("PAGETIDE_BEAT", "20s", 1);
    setenv("PAGETIDE_DATABASE_URL_FILE", in_dir(arena, "url"), 1);
    static const char *const flags[] = {"beat", "5", "unknown", "x", NULL};
    struct settings settings;
    struct err err = ERR_INIT;
    bool ok = settings_load(arena, dir, flags, &settings, &err);
    remove(in_dir(arena, "pagetide.yaml"));
    remove(in_dir(arena, "url"));
    rmdir(dir);
    ck_assert_ok(ok, err);
    ck_assert_int_eq(settings.jobs, 1);
    ck_assert_int_eq(settings.batch_age_ms, 500);
    ck_assert_int_eq(settings.lease_ms, 90000);
    ck_assert_int_eq(settings.beat_ms, 5000);
    ck_assert_str_eq(settings.database_url, "postgresql://secret");
}
END_TEST

static void refuses(const char *const *flags, const char *what)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct settings settings;
    struct err err = ERR_INIT;
    ck_assert(!settings_load(arena, dir, flags, &settings, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_msg(strstr(err.text, what) != NULL, "'%s' not in: %s", what, err.text);
}

START_TEST(names_what_is_wrong)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    struct arena *arena AUTO_ARENA = arena_new();
    write_file(in_dir(arena, "pagetide.yaml"), "job: 1\nmemory: much\n");
    refuses(NULL, "pagetide.yaml:1:1: job: unknown key; did you mean \"jobs\"?");
    refuses(NULL, "pagetide.yaml:2:9: memory: must be a size");
    remove(in_dir(arena, "pagetide.yaml"));
    rmdir(dir);
    refuses((const char *const[]){"jobs", "0", NULL}, "--jobs: must be a whole number from 1");
    refuses((const char *const[]){"batch-records", "0", NULL},
            "--batch-records: must be a whole number");
    refuses((const char *const[]){"beat", "30", NULL}, "beat must be less than half of lease");
    refuses((const char *const[]){"redis-url", "http://h", NULL},
            "redis_url: it begins with none of redis://");
    refuses((const char *const[]){"redis-url", "rediss://h?verify=no", NULL},
            "redis_url: verify is one of full, ca, none");
    setenv("PAGETIDE_JOBS", "many", 1);
    refuses(NULL, "PAGETIDE_JOBS: must be a whole number");
    setenv("PAGETIDE_JOBS", "5", 1);
    setenv("PAGETIDE_TOKEN_FILE", "/nowhere/token", 1);
    refuses(NULL, "PAGETIDE_TOKEN_FILE: /nowhere/token: No such file");
}
END_TEST

START_TEST(every_setting_is_an_option)
{
    struct arena *arena AUTO_ARENA = arena_new();
    const struct opt *opts = settings_options(arena, 0);
    size_t count = 0;
    for (const struct key *key = setting_keys.list; key->name; key++)
        if (key->option.value)
            count++;
        else /* they are options of every command */
            ck_assert(str_starts(str_from(key->name), STR("log_")));
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_nonnull(opts[i].name);
        ck_assert_ptr_null(strchr(opts[i].name, '_'));
        ck_assert_uint_eq(opts[i].offset, i * sizeof(const char *));
    }
    ck_assert_ptr_null(opts[count].name);
}
END_TEST

START_TEST(an_option_shows_the_default)
{
    struct arena *arena AUTO_ARENA = arena_new();
    const struct opt *opts = settings_options(arena, 0);
    ck_assert_str_eq(opts[0].name, "database-url");
    ck_assert_str_eq(opts[0].help, "PostgreSQL, postgresql://…");
    ck_assert_str_eq(opts[3].name, "jobs");
    ck_assert_str_eq(opts[3].help, "jobs held at once (64)");
}
END_TEST

SUITE("config/settings", knows_its_defaults, flag_over_environment_over_file,
      names_what_is_wrong, every_setting_is_an_option, an_option_shows_the_default)
