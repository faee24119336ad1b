#include "config/names.h"

#include "config/format.h"
#include "config/meant.h"
#include "config/prepare.h"

struct builtin {
    const char *name;
    const char *const *members; /* NULL: anything */
    bool is_secret;
    const char *help, *example;
};

static const char *const http_members[] = {"status", "headers", NULL};
static const char *const pager_members[] = {"page", "offset", "size", "cursor", NULL};
static const char *const window_members[] = {"start", "end", NULL};
static const char *const run_members[] = {"id", "started_at", NULL};
static const char *const request_members[] = {"method", "url",  "host", "path",
                                              "query",  "body", "time", NULL};

static const struct builtin builtins[] = {
    {.name = "response",
     .help = "what the page just read holds; not there in the request of the first page",
     .example = "response.total - 1"},
    {.name = "http",
     .members = http_members,
     .help = "status and headers of that answer; a header's name is in lower case",
     .example = "http.headers['x-next']"},
    {.name = "pager",
     .members = pager_members,
     .help = "where the paging is: pages read, the number, size or cursor of the next request",
     .example = "pager.page * pager.size"},
    {.name = "iteration",
     .help =
         "index of the page just read, from 0; 0 also in the requests of the first page and "
         "of the second",
     .example = "iteration + 1"},
    {.name = "accumulated",
     .help = "the records so far: their count, and the last one as `accumulated[-1]`",
     .example = "accumulated | length"},
    {.name = "vars",
     .help = "the definition's `vars`, of the source and of the stream; each may use those "
             "before it",
     .example = "vars.country | lower"},
    {.name = "workload", .help = "the same", .example = "workload.country"},
    {.name = "env",
     .is_secret = true,
     .help = "an environment variable; in auth, headers, params, bodies and URLs only",
     .example = "env.SHOP_TOKEN"},
    {.name = "secrets",
     .is_secret = true,
     .help = "a file of `secrets_dir`, JSON is parsed; where `env` may be",
     .example = "secrets.shop.token"},
    {.name = "bookmark",
     .help = "where an incremental run begins; null in the first one",
     .example = "bookmark | default('1970-01-01', true)"},
    {.name = "window",
     .members = window_members,
     .help = "of a run over a window; null in others",
     .example = "window.start"},
    {.name = "partition",
     .help = "what the job was given by `partitions`",
     .example = "partition.region"},
    {.name = "run",
     .members = run_members,
     .help = "the run: its number and when it started",
     .example = "run.started_at"},
    {.name = "submitted",
     .help = "what the API answered to `prepare: request`; from then on, also after a stop",
     .example = "submitted.id"},
    {.name = "prepared",
     .help = "its last answer to `prepare: poll`, when the work is done: in the requests of "
             "the pages, and on the pages",
     .example = "prepared.rows"},
    {.name = "request",
     .members = request_members,
     .help =
         "in `message` of auth: {type: hmac} alone: the request that is signed, as it is sent",
     .example = "request.method ~ request.path"},
    {.name = "now",
     .help = "a function: when the run started; the same after a resume",
     .example = "now() | date('%Y-%m-%d')"},
    {.name = "omit",
     .help = "drops the key or element that holds it",
     .example = "omit if bookmark is none else bookmark"},
};

static const struct builtin *find_builtin(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(builtins); i++)
        if (str_is(name, builtins[i].name))
            return &builtins[i];
    return NULL;
}

bool names_is_builtin(struct str name)
{
    return find_builtin(name);
}

/* --- collecting --- */

struct collector {
    struct names *names;
    const struct key *key;
    const struct yaml_node *node;
    bool has_secret;
};

static void on_use(void *ctx, const struct expr_use *use)
{
    struct collector *collector = ctx;
    struct names *names = collector->names;
    const struct builtin *builtin = find_builtin(use->root);
    collector->has_secret |= builtin && builtin->is_secret;

    struct value *steps = ARENA_ARRAY(names->arena, struct value, MAX(use->step_count, 1));
    for (size_t i = 0; i < use->step_count; i++)
        steps[i] = use->steps[i];
    ARENA_GROW(names->arena, names->uses, names->use_count, names->use_capacity);
    struct name_use *copy = &names->uses[names->use_count++];
    *copy = (struct name_use){collector->key, collector->node, *use};
    copy->use.steps = steps;
}

static void on_template(struct reader *reader, const struct key *key,
                        const struct yaml_node *node, const struct template *template)
{
    struct collector collector = {reader->ctx, key, node, false};
    template_uses(template, on_use, &collector);
    if (key->flags & KEY_IS_SECRET && !collector.has_secret && node->text.len)
        problem_add(reader->problems, node,
                    "a secret does not stand in a definition: name it by \"{{ env.NAME }}\" or "
                    "\"{{ secrets.name }}\"");
}

static void on_path(struct reader *reader, const struct path *path)
{
    struct names *names = reader->ctx;
    ARENA_GROW(names->arena, names->paths, names->path_count, names->path_capacity);
    names->paths[names->path_count++] = *path;
}

void names_start(struct names *names, struct reader *reader)
{
    *names = (struct names){.arena = reader->arena};
    reader->on_template = on_template;
    reader->on_path = on_path;
    reader->ctx = names;
}

/* --- judging --- */

static void closer(struct str name, struct str candidate, int *best, struct str *ret_nearest)
{
    int distance = problem_distance(name, candidate, *best);
    if (distance >= *best)
        return;
    *best = distance;
    *ret_nearest = candidate;
}

/* `is_set` is not known yet. With `default` the bookmark may be missing. */
static bool has_bookmark(const struct stream *stream)
{
    return stream->bookmark.path.source.len ||
           stream->bookmark.from_response.kind != LOCATOR_NONE;
}

/* Of a variable that the catalogue wants, like_check_needs says what it is. */
static bool is_needed(const struct reader *reader, struct str name)
{
    const struct yaml_node *needs = reader->like ? yaml_find(reader->like, "needs") : NULL;
    for (size_t i = 0; needs && i < needs->count; i++)
        if (str_eq(needs->items[i]->key, name))
            return true;
    return false;
}

/* With a filter such as `default`, or a test, it may be missing. A stored definition is read as
 * it was taken. */
static void check_var(struct reader *reader, const struct name_use *use,
                      const struct stream *stream)
{
    const struct expr_use *at = &use->use;
    struct str name = at->step_count ? at->steps[0].text : STR_NONE, nearest = STR_NONE;
    bool is_of_vars = str_is(at->root, "vars") || str_is(at->root, "workload");
    if (!reader->problems->put_meant || !is_of_vars || !at->step_count ||
        at->steps[0].kind != VALUE_STRING || (at->step_count == 1 && at->filter.len) ||
        str_is(name, "get") || is_needed(reader, name) || stream_has_var(stream, name) ||
        stream_has_var(stream, at->root))
        return;
    int best = MIN(3, (int)name.len / 2 + 1);
    for (size_t i = 0; i < stream->var_count; i++)
        closer(name, stream->vars[i].name, &best, &nearest);
    problem_add(reader->problems, use->node, "\"vars\" has no \"%.*s\"%s%.*s%s", STR_ARG(name),
                nearest.len ? "; did you mean \"" : "", STR_ARG(nearest),
                nearest.len ? "\"?" : "");
}

static void say_unknown(struct reader *reader, const struct name_use *use,
                        const struct stream *stream)
{
    struct str name = use->use.root, nearest = STR_NONE;
    int best = MIN(3, (int)name.len / 2 + 1);
    for (size_t i = 0; i < COUNT_OF(builtins); i++)
        closer(name, str_from(builtins[i].name), &best, &nearest);
    for (size_t i = 0; i < stream->var_count; i++)
        closer(name, stream->vars[i].name, &best, &nearest);
    const char *meant = meant_name(name);
    if (meant)
        problem_add(reader->problems, use->node, "unknown name \"%.*s\"; here it is %s",
                    STR_ARG(name), meant);
    else if (nearest.len)
        problem_add(reader->problems, use->node,
                    "unknown name \"%.*s\"; did you mean \"%.*s\"?", STR_ARG(name),
                    STR_ARG(nearest));
    else
        problem_add(reader->problems, use->node,
                    "unknown name \"%.*s\": it is not built in and not among \"vars\"",
                    STR_ARG(name));
}

static void check_member(struct reader *reader, const struct name_use *use,
                         const struct builtin *builtin)
{
    if (!builtin->members || use->use.step_count == 0 || use->use.steps[0].kind != VALUE_STRING)
        return;
    AUTO_BUF(names, 256);
    for (const char *const *member = builtin->members; *member; member++) {
        if (str_is(use->use.steps[0].text, *member))
            return;
        buf_printf(&names, "%s%s", names.len ? ", " : "", *member);
    }
    problem_add(reader->problems, use->node, "\"%s\" has %.*s, but no \"%.*s\"", builtin->name,
                STR_ARG(buf_str(&names)), STR_ARG(use->use.steps[0].text));
}

static bool is_last_record(const struct expr_use *use)
{
    return use->step_count > 0 && use->steps[0].kind == VALUE_NUMBER &&
           str_is(use->steps[0].text, "-1");
}

/* Pages are streamed: of the records so far only their count and the last one are known. */
static void check_accumulated(struct reader *reader, const struct name_use *use,
                              struct stream *stream)
{
    if (is_last_record(&use->use))
        stream->uses_last_record = true;
    else if (use->use.step_count || !str_is(use->use.filter, "length"))
        problem_add(reader->problems, use->node,
                    "of \"accumulated\" there is only accumulated | length and "
                    "accumulated[-1]");
}

/* What libpq and we are set up with is not for an API. */
static bool is_own_setting(struct str name)
{
    return str_starts(name, STR("PAGETIDE_")) || str_is(name, "PGPASSWORD");
}

/* A secret is one value that the definition names: so it is known what is read, and hidden. */
static void check_secret(struct reader *reader, const struct name_use *use,
                         const struct builtin *builtin)
{
    const char *what = str_is(use->use.root, "env") ? "NAME" : "name";
    if (!(use->key->flags & KEY_SECRETS))
        problem_add(reader->problems, use->node,
                    "\"%s\" may be used in auth, headers, params, bodies and URLs only",
                    builtin->name);
    else if (!use->use.step_count || use->use.steps[0].kind != VALUE_STRING)
        problem_add(reader->problems, use->node,
                    "\"%s\" is no value itself: name one of it, %s.%s", builtin->name,
                    builtin->name, what);
    else if (str_is(use->use.root, "env") && is_own_setting(use->use.steps[0].text))
        problem_add(reader->problems, use->node,
                    "env.%.*s is a setting of Pagetide's own, not for definitions",
                    STR_ARG(use->use.steps[0].text));
}

static bool is_of_answers(struct str root)
{
    static const char *const names[] = {"response", "http",      "accumulated",
                                        "pager",    "iteration", "bookmark"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_is(root, names[i]))
            return true;
    return false;
}

/* The names that `prepare` brings. */
static void check_prepared(struct reader *reader, const struct name_use *use,
                           struct stream *stream)
{
    bool is_submitted = str_is(use->use.root, "submitted");
    if ((!is_submitted && !str_is(use->use.root, "prepared")) ||
        stream_has_var(stream, use->use.root))
        return;
    if (!stream_prepares(stream))
        problem_add(reader->problems, use->node, "\"%.*s\" needs \"prepare\"",
                    STR_ARG(use->use.root));
    if (is_submitted)
        prepare_keep(reader->arena, &stream->prepare, &use->use);
    else
        stream->prepare.uses_prepared = true;
}

static void check_use(struct reader *reader, const struct name_use *use, struct stream *stream)
{
    const struct builtin *builtin = find_builtin(use->use.root);
    if (!builtin) {
        if (!stream_has_var(stream, use->use.root) && !(use->key->flags & KEY_ON_RECORD))
            say_unknown(reader, use, stream);
        return;
    }
    if (builtin->is_secret)
        check_secret(reader, use, builtin);
    check_member(reader, use, builtin);
    if (use->key->flags & KEY_ASKS_FIRST && is_of_answers(use->use.root)) {
        problem_add(reader->problems, use->node, "must not depend on an answer");
        return;
    }
    if (str_is(use->use.root, "request") && !(use->key->flags & KEY_ON_REQUEST) &&
        !stream_has_var(stream, use->use.root))
        problem_add(reader->problems, use->node,
                    "\"request\" is known in \"message\" of auth: {type: hmac} alone");
    if (str_is(use->use.root, "partition") && stream->partitions.kind == VALUE_UNDEFINED)
        problem_add(reader->problems, use->node, "\"partition\" needs \"partitions\"");
    if (reader->problems->put_meant && str_is(use->use.root, "bookmark") &&
        !use->use.filter.len && !has_bookmark(stream))
        problem_add(reader->problems, use->node,
                    "\"bookmark\" needs the key \"bookmark\", which says where its value is");
    check_var(reader, use, stream);
    check_prepared(reader, use, stream);
    if (str_is(use->use.root, "accumulated"))
        check_accumulated(reader, use, stream);
    stream->uses_window |= str_is(use->use.root, "window");
    stream->uses_bookmark |= str_is(use->use.root, "bookmark");
    if (!str_is(use->use.root, "response") || use->key->flags & KEY_ON_ANSWER)
        return;
    format_check_response(reader, use->node, stream);
    if (use->key->flags & KEY_ON_PAGE)
        stream->merge.reads_response = true;
}

/* What a request cannot read that is made before the page before it, or without it. */
static void check_ahead(struct reader *reader, const struct name_use *use,
                        const struct stream *stream)
{
    static const char *const unknown[] = {"response", "http", "accumulated"};
    const struct pagination *pagination = &stream->pagination;
    bool is_in_request = use->key->type != KEY_LOCATOR &&
                         !(use->key->flags & (KEY_ON_ANSWER | KEY_ON_PAGE | KEY_ON_RECORD));
    if (pagination->jobs > 1 && str_is(use->use.root, "accumulated")) {
        problem_add(reader->problems, use->node,
                    "with \"jobs\" no job knows the records of the others, so it cannot use "
                    "\"accumulated\"");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(unknown) && is_in_request; i++) {
        if (!str_is(use->use.root, unknown[i]))
            continue;
        if (pagination->parallel > 1)
            problem_add(reader->problems, use->node,
                        "with \"parallel\" a request is sent before the page before it is "
                        "read, so it cannot use \"%s\"",
                        unknown[i]);
        else if (pagination->jobs > 1)
            problem_add(reader->problems, use->node,
                        "with \"jobs\" the page before may be another job's, so a request "
                        "cannot use \"%s\"",
                        unknown[i]);
    }
}

/* From the first wildcard on all that is below it is passed over with the records. */
static size_t steps_above_records(const struct path *records)
{
    size_t count = 0;
    while (count < records->count && records->steps[count].kind < PATH_EACH)
        count++;
    return count;
}

/* Do they part before either ends? Anything but two different keys is taken to meet. */
static bool use_reaches(const struct expr_use *use, const struct path *records)
{
    size_t count = MIN(use->step_count, steps_above_records(records));
    for (size_t i = 0; i < count; i++)
        if (use->steps[i].kind == VALUE_STRING && records->steps[i].kind == PATH_KEY &&
            !str_eq(use->steps[i].text, records->steps[i].key))
            return false;
    return true;
}

static bool path_reaches(const struct path *path, const struct path *records)
{
    size_t count = MIN(path->count, steps_above_records(records));
    for (size_t i = 0; i < count; i++)
        if (path->steps[i].kind == PATH_KEY && records->steps[i].kind == PATH_KEY &&
            !str_eq(path->steps[i].key, records->steps[i].key))
            return false;
    return true;
}

static bool needs_records(const struct names *names, const struct path *records)
{
    for (size_t i = 0; i < names->use_count; i++)
        if (!(names->uses[i].key->flags & (KEY_ON_ANSWER | KEY_ON_PAGE)) &&
            str_is(names->uses[i].use.root, "response") &&
            use_reaches(&names->uses[i].use, records))
            return true;
    for (size_t i = 0; i < names->path_count; i++)
        if (path_reaches(&names->paths[i], records))
            return true;
    return false;
}

void names_check(const struct names *names, struct reader *reader, struct stream *stream)
{
    for (size_t i = 0; i < names->use_count; i++) {
        check_use(reader, &names->uses[i], stream);
        check_ahead(reader, &names->uses[i], stream);
    }
    static const struct path whole;
    bool is_whole = stream->merge.strategy >= MERGE_REPLACE;
    stream->needs_response_records =
        needs_records(names, is_whole ? &whole : &stream->merge.path);
}

struct builtin_name names_builtin(size_t index)
{
    if (index >= COUNT_OF(builtins))
        return (struct builtin_name){0};
    return (struct builtin_name){builtins[index].name, builtins[index].members,
                                 builtins[index].help, builtins[index].example};
}
