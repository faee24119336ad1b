#include "core/metrics.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "port/hash.h"

/*
 * One table for all sets, by the hash of metric and labels; besides, those of each metric are a
 * list in the order in which they were named first, for metrics_put: samples of one metric have
 * to stand together.
 */
enum { TABLE_SIZE = 1 << 14 };

#define BOUNDS(X)                                                                              \
    X(5, "0.005")                                                                              \
    X(10, "0.01")                                                                              \
    X(25, "0.025")                                                                             \
    X(50, "0.05")                                                                              \
    X(100, "0.1")                                                                              \
    X(250, "0.25")                                                                             \
    X(500, "0.5")                                                                              \
    X(1000, "1")                                                                               \
    X(2500, "2.5")                                                                             \
    X(5000, "5")                                                                               \
    X(10000, "10")                                                                             \
    X(30000, "30")                                                                             \
    X(60000, "60")                                                                             \
    X(300000, "300")

static const int64_t bounds_ms[] = {
#define X(ms, text) ms,
    BOUNDS(X)
#undef X
};
static const char *const bound_texts[] = {
#define X(ms, text) text,
    BOUNDS(X)
#undef X
};
enum { BOUND_COUNT = COUNT_OF(bounds_ms) };

#define ABOUT(by_, type_, name_, labels_, unit_, help_)                                        \
    {.name = name_,                                                                            \
     .labels = labels_,                                                                        \
     .help = help_,                                                                            \
     .by = by_,                                                                                \
     .type = METRIC_##type_,                                                                   \
     .unit = METRIC_##unit_},

const struct metric_about metrics_about[METRIC_COUNT] = {
#define X(id, ...) ABOUT("every process", __VA_ARGS__)
    METRICS_OF_PROCESSES(X)
#undef X
#define X(id, ...) ABOUT("`worker` and `up`", __VA_ARGS__)
        METRICS_OF_WORKERS(X)
#undef X
#define X(id, ...) ABOUT("`scheduler` and `up`", __VA_ARGS__)
            METRICS_OF_SCHEDULERS(X)
#undef X
};

/* The numbers of one combination of label values. */
struct set {
    struct set *next_in_slot, *next;
    enum metric metric;
    uint64_t id;
    struct metric_labels labels; /* heap */
    int64_t number;              /* of a histogram: the sum */
    int64_t *counts;             /* of a histogram: up to each bound, and beyond; else NULL */
};

struct family {
    struct set *first, **end; /* end: NULL while it is empty */
    size_t count;
    struct set *other;
};

static struct set *table[TABLE_SIZE];
static struct family families[METRIC_COUNT];

/* --- sets --- */

static size_t label_count(enum metric metric)
{
    struct str names = str_from(metrics_about[metric].labels), name;
    size_t count = 0;
    for (; names.len; count++)
        names = str_split(names, ' ', &name);
    return count;
}

static bool has_labels(const struct set *set, enum metric metric,
                       const struct metric_labels *labels)
{
    if (set->metric != metric)
        return false;
    for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
        if (!str_eq(set->labels.values[i], labels->values[i]))
            return false;
    return true;
}

static struct set *set_new(enum metric metric, uint64_t id, const struct metric_labels *labels)
{
    struct family *family = &families[metric];
    struct set *set = mem_alloc(sizeof *set);
    *set = (struct set){.metric = metric, .id = id};
    for (size_t i = 0; i < METRIC_LABELS_MAX; i++) {
        struct str value = labels->values[i];
        if (value.len)
            set->labels.values[i] = (struct str){mem_dup(value.ptr, value.len), value.len};
    }
    if (metrics_about[metric].type == METRIC_SECONDS)
        set->counts = mem_alloc((BOUND_COUNT + 1) * sizeof *set->counts);
    set->next_in_slot = table[id % TABLE_SIZE];
    table[id % TABLE_SIZE] = set;
    *(family->end ? family->end : &family->first) = set;
    family->end = &set->next;
    family->count++;
    return set;
}

/* Where there is no room for more. */
static struct set *other_of(enum metric metric)
{
    struct metric_labels labels = {0};
    struct family *family = &families[metric];
    for (size_t i = 0; i < label_count(metric); i++)
        labels.values[i] = STR("other");
    if (!family->other)
        family->other = set_new(metric, hash_for_table(STR("other")), &labels);
    return family->other;
}

static struct set *find(enum metric metric, const struct metric_labels *labels)
{
    uint64_t id = metric;
    for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
        id = hash_fold(id, hash_for_table(labels->values[i]));
    for (struct set *set = table[id % TABLE_SIZE]; set; set = set->next_in_slot)
        if (set->id == id && has_labels(set, metric, labels))
            return set;
    return families[metric].count < METRIC_SETS_MAX ? set_new(metric, id, labels)
                                                    : other_of(metric);
}

void metrics_add(enum metric metric, const struct metric_labels *labels, int64_t number)
{
    find(metric, labels)->number += number;
}

void metrics_set(enum metric metric, const struct metric_labels *labels, int64_t number)
{
    find(metric, labels)->number = number;
}

void metrics_observe(enum metric metric, const struct metric_labels *labels, int64_t ms)
{
    struct set *set = find(metric, labels);
    size_t i = 0;
    assert(set->counts);
    while (i < BOUND_COUNT && ms > bounds_ms[i])
        i++;
    set->counts[i]++;
    set->number += MAX(ms, 0);
}

static void set_free(struct set *set)
{
    struct set **link = &table[set->id % TABLE_SIZE];
    while (*link != set)
        link = &(*link)->next_in_slot;
    *link = set->next_in_slot;
    for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
        mem_free((char *)(uintptr_t)set->labels.values[i].ptr);
    mem_free(set->counts);
    mem_free(set);
}

void metrics_clear(enum metric metric)
{
    for (struct set *set = families[metric].first, *next; set; set = next) {
        next = set->next;
        set_free(set);
    }
    families[metric] = (struct family){0};
}

/* --- text: there may be ten thousand samples, so without printf where that is easy --- */

static void put_text(struct buf *out, const char *text)
{
    buf_put(out, str_from(text));
}

static void put_value(struct buf *out, struct str value)
{
    bool is_plain = str_find_byte(value, '\\') < 0 && str_find_byte(value, '"') < 0 &&
                    str_find_byte(value, '\n') < 0;
    if (is_plain) {
        buf_put(out, value);
        return;
    }
    for (size_t i = 0; i < value.len; i++) {
        char byte = value.ptr[i];
        if (byte == '\\' || byte == '"' || byte == '\n')
            buf_put_byte(out, '\\');
        buf_put_byte(out, byte == '\n' ? 'n' : byte);
    }
}

static void put_label(struct buf *out, char before, struct str name, struct str value)
{
    buf_put_byte(out, before);
    buf_put(out, name);
    buf_puts(out, "=\"");
    put_value(out, value);
    buf_puts(out, "\"");
}

/* A line up to its number; `bound`: of a bucket, else NULL. */
static void put_head(struct buf *out, const struct set *set, const char *suffix,
                     const char *bound)
{
    const struct metric_about *about = &metrics_about[set->metric];
    struct str names = str_from(about->labels), name;
    bool has_labels = names.len || bound;
    put_text(out, about->name);
    put_text(out, suffix);
    for (size_t i = 0; names.len; i++) {
        names = str_split(names, ' ', &name);
        put_label(out, i ? ',' : '{', name, set->labels.values[i]);
    }
    if (bound)
        put_label(out, about->labels[0] ? ',' : '{', STR("le"), str_from(bound));
    put_text(out, has_labels ? "} " : " ");
}

static void put_number(struct buf *out, enum metric_unit unit, int64_t number)
{
    char text[48];
    const char *sign = number < 0 ? "-" : "";
    long long whole = llabs(number / unit), part = llabs(number % unit);
    if (part)
        snprintf(text, sizeof text, "%s%lld.%03lld\n", sign, whole, part);
    else
        snprintf(text, sizeof text, "%s%lld\n", sign, whole);
    put_text(out, text);
}

static void put_histogram(struct buf *out, const struct set *set)
{
    int64_t count = 0;
    for (size_t i = 0; i <= BOUND_COUNT; i++) {
        count += set->counts[i];
        put_head(out, set, "_bucket", i < BOUND_COUNT ? bound_texts[i] : "+Inf");
        put_number(out, METRIC_ONE, count);
    }
    put_head(out, set, "_sum", NULL);
    put_number(out, metrics_about[set->metric].unit, set->number);
    put_head(out, set, "_count", NULL);
    put_number(out, METRIC_ONE, count);
}

static void put_set(struct buf *out, const struct set *set)
{
    if (set->counts) {
        put_histogram(out, set);
        return;
    }
    put_head(out, set, "", NULL);
    put_number(out, metrics_about[set->metric].unit, set->number);
}

void metrics_put(struct buf *out)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_about *about = &metrics_about[i];
        if (!families[i].first)
            continue;
        buf_printf(out, "# HELP %s %s\n", about->name, about->help);
        buf_printf(out, "# TYPE %s %s\n", about->name, metrics_type_name(about->type));
        for (const struct set *set = families[i].first; set; set = set->next)
            put_set(out, set);
    }
}

struct str metrics_code(int status)
{
    static const struct str classes[] = {STR_INIT("none"), STR_INIT("1xx"), STR_INIT("2xx"),
                                         STR_INIT("3xx"),  STR_INIT("4xx"), STR_INIT("5xx")};
    return status >= 100 && status < 600 ? classes[status / 100] : classes[0];
}

const char *metrics_type_name(enum metric_type type)
{
    static const char *const names[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_SECONDS] = "histogram"};
    return names[type];
}
