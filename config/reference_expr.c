#include <assert.h>

#include "base/log.h"
#include "base/secret_name.h"
#include "config/names.h"
#include "config/reference.h"
#include "core/metrics.h"
#include "core/value.h"

/* What the names in the examples hold. */
static const char sample[] =
    "{\"response\": {\"total\": 203, \"data\": [{\"id\": 7}, {\"id\": 9}]},\n"
    " \"http\": {\"status\": 200, \"headers\": {\"x-next\": \"3\"}},\n"
    " \"pager\": {\"page\": 2, \"offset\": 100, \"size\": 50, \"cursor\": \"abc\"},\n"
    " \"iteration\": 1, \"accumulated\": [{\"id\": 7}, {\"id\": 9}],\n"
    " \"vars\": {\"country\": \"DE\"}, \"workload\": {\"country\": \"DE\"},\n"
    " \"env\": {\"SHOP_TOKEN\": \"t0k3n\"}, \"secrets\": {\"shop\": {\"token\": \"t0k3n\"}},\n"
    " \"bookmark\": \"2024-01-05T10:00:00Z\", \"partition\": {\"region\": \"eu\"},\n"
    " \"window\": {\"start\": \"2024-01-01\", \"end\": \"2024-02-01\"},\n"
    " \"submitted\": {\"id\": \"r-17\"}, \"prepared\": {\"status\": \"done\", \"rows\": 2},\n"
    " \"request\": {\"method\": \"GET\", \"path\": \"/orders\"},\n"
    " \"run\": {\"id\": 12, \"started_at\": \"2024-01-05T12:00:00Z\"}}";
static const int64_t sample_now_us = 1704456000000000; /* its run.started_at */

struct examples {
    struct buf *out;
    enum reference_style style;
    struct arena *arena;
    struct value context;
    struct expr_scope scope;
};

static bool find_sample(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    const struct examples *examples = ctx;
    (void)arena;
    *ret = value_get(examples->context, name);
    return ret->kind != VALUE_UNDEFINED;
}

/* The value of an example, as JSON. An example that fails is a fault of ours. */
static struct str result_of(struct examples *examples, const char *example)
{
    struct err err = ERR_INIT;
    struct expr *expr;
    struct value value;
    AUTO_BUF(out, KIB(4));
    bool is_fine = expr_compile(examples->arena, str_from(example), &expr, &err) &&
                   expr_eval(expr, &examples->scope, examples->arena, &value, &err);
    assert(is_fine);
    if (is_fine)
        value_format(&out, value);
    return arena_str(examples->arena, buf_str(&out));
}

/* A row of four cells. In Markdown a bar inside a cell is escaped. */
static void put_row(struct examples *examples, struct str call, const char *help,
                    const char *example)
{
    struct str result = result_of(examples, example);
    if (examples->style == REFERENCE_TEXT) {
        buf_printf(examples->out, "  %-34.*s %s\n  %34s %s → %.*s\n", STR_ARG(call), help, "",
                   example, STR_ARG(result));
        return;
    }
    buf_printf(examples->out, "| `%.*s` | %s | `", STR_ARG(call), help);
    for (const char *at = example; *at; at++)
        buf_printf(examples->out, *at == '|' ? "\\|" : "%c", *at);
    buf_printf(examples->out, "` | `%.*s` |\n", STR_ARG(result));
}

static void put_head(struct examples *examples, const char *title, const char *gives)
{
    if (examples->style == REFERENCE_TEXT)
        buf_printf(examples->out, "\n%s\n", title);
    else
        buf_printf(examples->out,
                   "\n### %s\n\n| | %s | for example | result |\n|---|---|---|---|\n", title,
                   gives);
}

static void put_sample(struct examples *examples)
{
    bool is_markdown = examples->style == REFERENCE_MARKDOWN;
    buf_printf(examples->out, "In the examples below the names hold:\n\n%s%s\n%s",
               is_markdown ? "```json\n" : "", sample, is_markdown ? "```\n" : "");
}

static void put_names(struct examples *examples)
{
    put_head(examples, "Names", "holds");
    struct builtin_name name;
    for (size_t i = 0; (name = names_builtin(i)).name; i++) {
        AUTO_BUF(call, 256);
        buf_printf(&call, "%s", name.name);
        for (const char *const *member = name.members; member && *member; member++)
            buf_printf(&call, "%s.%s", member == name.members ? "" : " ", *member);
        put_row(examples, buf_str(&call), name.help, name.example);
    }
}

static void put_words(struct examples *examples,
                      struct expr_word (*word_at)(size_t index, struct arena *arena))
{
    struct expr_word word;
    for (size_t i = 0; (word = word_at(i, examples->arena)).help; i++) {
        AUTO_BUF(call, 256);
        buf_printf(&call, "%.*s%s%.*s", STR_ARG(word.call), word.aliases.len ? ", " : "",
                   STR_ARG(word.aliases));
        put_row(examples, buf_str(&call), word.help, word.example);
    }
}

void reference_put_expressions(struct buf *buf, enum reference_style style)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct examples examples = {.out = buf, .style = style, .arena = arena};
    struct err err = ERR_INIT;
    if (!value_parse(arena, str_from(sample), VALUE_WHOLE, &examples.context, &err))
        assert(false);
    examples.scope =
        (struct expr_scope){.find = find_sample, .ctx = &examples, .now_us = sample_now_us};
    put_sample(&examples);
    put_names(&examples);
    put_head(&examples, "Filters", "gives");
    put_words(&examples, expr_filter_word);
    put_head(&examples, "Tests", "holds where the value");
    put_words(&examples, expr_test_word);
}

void reference_put_events(struct buf *buf, enum reference_style style)
{
    if (style == REFERENCE_MARKDOWN)
        buf_puts(buf, "| event | is written when |\n|---|---|\n");
    for (size_t i = 0; i < LOG_EVENT_COUNT; i++)
        if (style == REFERENCE_MARKDOWN)
            buf_printf(buf, "| `%s` | %s |\n", log_event_names[i], log_event_helps[i]);
        else
            buf_printf(buf, "  %-18s %s\n", log_event_names[i], log_event_helps[i]);
}

/* The words of the list that are whole names, or that may be parts of one. */
static void put_credentials(struct buf *buf, const char *intro, bool wants_whole,
                            enum reference_style style)
{
    const char *quote = style == REFERENCE_MARKDOWN ? "`" : "";
    const struct str *word;
    bool is_whole, is_next = false;
    buf_put(buf, str_from(intro));
    for (size_t i = 0; (word = secret_name_word(i, &is_whole)); i++) {
        if (is_whole != wants_whole)
            continue;
        buf_printf(buf, "%s%s%.*s%s", is_next ? ", " : "", quote, STR_ARG(*word), quote);
        is_next = true;
    }
    buf_puts(buf, ".\n");
}

void reference_put_credentials(struct buf *buf, enum reference_style style)
{
    put_credentials(buf, "Names that hold one of these: ", false, style);
    buf_puts(buf, "\n");
    put_credentials(buf, "Whole names: ", true, style);
}

/* Label names as they are written: `source`, `stream`. */
static void put_label_names(struct buf *buf, const char *names)
{
    struct str rest = str_from(names), name;
    for (int i = 0; rest.len; i++) {
        rest = str_split(rest, ' ', &name);
        buf_printf(buf, "%s`%.*s`", i ? " " : "", STR_ARG(name));
    }
}

static void put_metric(struct buf *buf, const struct metric_about *about)
{
    buf_printf(buf, "| `%s` | %s | ", about->name, metrics_type_name(about->type));
    put_label_names(buf, about->labels);
    buf_printf(buf, " | %s |\n", about->help);
}

void reference_put_metrics(struct buf *buf, enum reference_style style)
{
    const char *by = "";
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_about *about = &metrics_about[i];
        if (style == REFERENCE_TEXT) {
            buf_printf(buf, "  %-40s %-10s %-14s %s\n", about->name,
                       metrics_type_name(about->type), about->labels, about->help);
            continue;
        }
        if (strcmp(by, about->by) != 0)
            buf_printf(buf,
                       "%sOf %s:\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n",
                       *by ? "\n" : "", about->by);
        by = about->by;
        put_metric(buf, about);
    }
}
