#include "config/definition.h"

#include "config/auth_keys.h"
#include "config/bookmark.h"
#include "config/columns.h"
#include "config/format.h"
#include "config/limits.h"
#include "config/pagination.h"
#include "config/prepare.h"
#include "config/responses.h"
#include "config/retry_keys.h"
#include "config/window.h"
#include "config/with.h"

/* Every key of a source and its streams. */
#define D(member)              AT(struct definition, member)
#define S(member)              AT(struct definition, stream.member)
#define S_LIST(member, number) AT_LIST(struct definition, stream.member, stream.number)

enum {
    IN_SOURCE = KEY_IN_SOURCE,
    IN_STREAM = KEY_IN_STREAM,
    IN_BOTH = KEY_IN_SOURCE | KEY_IN_STREAM,
    OF_NAMES = KEY_IN_STREAM | KEY_IS_NAMES,
    /* No answer chooses whom we trust, or through whom we go. */
    OF_US = KEY_SECRETS | KEY_ASKS_FIRST,
};

/* Keys are laid out by hand. */
/* clang-format off */
#define CHOICES(name) static const struct choice name[]

CHOICES(missings) = {CHOICE("error", 0), CHOICE("empty", 1), CHOICE_END};
CHOICES(writes) = {
    CHOICE("append", WRITE_APPEND),
    CHOICE("upsert", WRITE_UPSERT),
    CHOICE("replace", WRITE_REPLACE),
    CHOICE("history", WRITE_HISTORY),
    CHOICE_END,
};
CHOICES(deletes) = {CHOICE("hard", DELETES_HARD), CHOICE("soft", DELETES_SOFT),
                    CHOICE("close", DELETES_CLOSE), CHOICE("keep", DELETES_KEEP), CHOICE_END};
CHOICES(merges) = {CHOICE("replace", 0), CHOICE("fill", 1), CHOICE_END};
CHOICES(strategies) = {
    CHOICE("append", MERGE_APPEND),
    CHOICE("extend", MERGE_EXTEND),
    CHOICE("replace", MERGE_REPLACE),
    CHOICE("collect", MERGE_COLLECT),
    CHOICE_END,
};
CHOICES(others) = {CHOICE("infer", OTHERS_INFER), CHOICE("aside", OTHERS_ASIDE),
                   CHOICE("ignore", OTHERS_IGNORE), CHOICE_END};
CHOICES(new_fields) = {
    CHOICE("add", NEW_FIELD_ADD),
    CHOICE("ignore", NEW_FIELD_IGNORE),
    CHOICE("aside", NEW_FIELD_ASIDE),
    CHOICE("fail", NEW_FIELD_FAIL),
    CHOICE_END,
};
CHOICES(required) = {
    CHOICE("proved", COMPLETE_PROVED),
    CHOICE("told", COMPLETE_TOLD),
    CHOICE_END,
};
CHOICES(mismatches) = {CHOICE("aside", MISMATCH_ASIDE), CHOICE("reject", MISMATCH_REJECT),
                       CHOICE("fail", MISMATCH_FAIL), CHOICE_END};
CHOICES(asides_modes) = {CHOICE("warn", ASIDES_WARN), CHOICE("fail", ASIDES_FAIL), CHOICE_END};
CHOICES(catch_ups) = {CHOICE("latest", CATCH_UP_LATEST), CHOICE("all", CATCH_UP_ALL),
                      CHOICE("none", CATCH_UP_NONE), CHOICE_END};

#define KEYS(name, type)                                                                     \
    static const struct keys name##_keys = {name##_list, sizeof(type)}

static const struct key tls_list[] = {
    {.name = "ca", .type = KEY_TEMPLATE_REF, .flags = OF_US, S(ca_file),
      .help = "file of trusted certificates; relative to the configuration folder"},
    {.name = "cert", .type = KEY_TEMPLATE_REF, .flags = OF_US, S(cert_file),
      .help = "file of our certificate, likewise"},
    {.name = "key", .type = KEY_TEMPLATE_REF, .flags = OF_US, S(key_file),
      .help = "file of its key, likewise"},
    KEY_END,
};
KEYS(tls, struct definition);

#define T(member) AT(struct timeouts, member)
static const struct key timeout_list[] = {
    {.name = "connect", .type = KEY_DURATION, T(connect_ms), .min = 1, .fallback = "10s",
     .help = "until the connection is open, TLS included"},
    {.name = "first_byte", .type = KEY_DURATION, T(first_byte_ms), .min = 1,
     .fallback = "120s",
     .help = "from there to the first byte of the answer"},
    {.name = "idle", .type = KEY_DURATION, T(idle_ms), .min = 1, .fallback = "30s",
     .help = "between two pieces of the body"},
    {.name = "total", .type = KEY_DURATION, T(total_ms), .min = 1, .fallback = "300s",
     .help = "for the whole request"},
    KEY_END,
};
KEYS(timeout, struct timeouts);

#define X(member) AT(struct expectation, member)
static const struct key expectation_list[] = {
    {.name = "min_rows", .type = KEY_COUNT, X(min_rows), .min = 1,
     .help = "fewer rows than these"},
    {.name = "not_below", .type = KEY_TEXT, X(not_below),
     .help = "fewer rows than this share (50%) of those of the last run that succeeded"},
    {.name = "fail", .type = KEY_BOOL, X(fails), .fallback = "false",
     .help = "fail the run, instead of a warning"},
    KEY_END,
};
KEYS(expectation, struct expectation);

/* Where a definition says nothing, pagetide.is_rerun_due has the same. */
#define RERUN(member) AT(struct schedule, member)
static const struct key rerun_list[] = {
    {.name = "after", .type = KEY_DURATION, RERUN(rerun_after_ms), .min = 1000,
     .fallback = "5m", .help = "how long after it failed"},
    {.name = "times", .type = KEY_COUNT, RERUN(reruns_max), .min = 0, .max = 100,
     .fallback = "3", .help = "how often; 0: never"},
    KEY_END,
};
KEYS(rerun, struct schedule);

CHOICES(methods) = {CHOICE("btree", 0), CHOICE("gin", 0), CHOICE("brin", 0), CHOICE_END};

#define I(member) AT(struct table_index, member)
static const struct key index_list[] = {
    {.name = "columns", .type = KEY_TEXTS, .flags = KEY_REQUIRED | KEY_IS_NAMES,
     AT_LIST(struct table_index, columns, column_count),
     .help = "names of fields or columns, in the order of the index"},
    {.name = "unique", .type = KEY_BOOL, I(is_unique), .fallback = "false",
     .help = "no two rows may have the same values"},
    {.name = "method", .type = KEY_WORD, I(method), .choices = methods, .fallback = "btree",
     .help = "gin finds what is in a jsonb or an array, brin suits what comes in order"},
    {.name = "where", .type = KEY_TEXT, I(where),
     .help = "a condition in SQL: only rows for which it is true"},
    KEY_END,
};
KEYS(index, struct table_index);

/* In the order of enum partition_every; PostgreSQL's date_trunc knows all of them. */
CHOICES(partition_everies) = {
    CHOICE("hour", EVERY_HOUR),
    CHOICE("day", EVERY_DAY),
    CHOICE("week", EVERY_WEEK),
    CHOICE("month", EVERY_MONTH),
    CHOICE("quarter", EVERY_QUARTER),
    CHOICE("year", EVERY_YEAR),
    CHOICE_END,
};

#define P(member) AT(struct table_partition, member)
static const struct key partition_list[] = {
    {.name = "range", .type = KEY_TEXT, .flags = KEY_REQUIRED, P(range),
     .help = "a declared column of type date, timestamp or timestamptz, or _pt_at"},
    {.name = "every", .type = KEY_CHOICE, P(every), .choices = partition_everies,
     .fallback = "month", .help = "what one partition holds; in UTC"},
    {.name = "ahead", .type = KEY_COUNT, P(ahead), .min = 0, .max = 100, .fallback = "1",
     .help = "so many periods after the present one have their partition before a record "
             "comes"},
    {.name = "max", .type = KEY_COUNT, P(max), .min = 1, .max = 10000, .fallback = "1000",
     .help = "no more partitions are made than these; what has none is in the default one"},
    KEY_END,
};
KEYS(partition, struct table_partition);

CHOICES(occasions) = {CHOICE("ended", 0), CHOICE("succeeded", 1), CHOICE_END};

#define AFTER(member)              AT(struct after_load, member)
#define HOOK_LIST(member, number)  AT_LIST(struct webhook, member, number)
static const struct key webhook_list[] = {
    {.name = "url", .type = KEY_TEMPLATE_REF, .flags = KEY_REQUIRED | KEY_SECRETS,
     AT(struct webhook, url), .help = "where it is posted"},
    {.name = "headers", .type = KEY_TEMPLATES, .flags = KEY_PAIRS | KEY_SECRETS,
     HOOK_LIST(headers, header_count), .help = "besides Content-Type: application/json"},
    KEY_END,
};
KEYS(webhook, struct webhook);

static const struct key after_list[] = {
    {.name = "sql", .type = KEY_TEXTS, AT_LIST(struct after_load, sql, sql_count),
     .help = "statements, all in one transaction of their own"},
    {.name = "notify", .type = KEY_TEXT, AFTER(notify),
     .help = "a channel of PostgreSQL that is notified"},
    {.name = "webhook", .type = KEY_STRUCT, AFTER(webhook), .keys = &webhook_keys,
     .help = "a POST with what the run came to, as JSON"},
    {.name = "on", .type = KEY_SWITCH, AFTER(only_success), .choices = occasions,
     .fallback = "ended", .help = "after every run, or after one that succeeded"},
    {.name = "timeout", .type = KEY_DURATION, AFTER(timeout_ms), .min = 1000,
     .fallback = "60s", .help = "for each statement, and for the webhook"},
    KEY_END,
};
KEYS(after, struct after_load);

/* What a stream and each of its `tables` have alike. */
#define MISSING_KEY                                                                           \
    {.name = "on_missing", .type = KEY_SWITCH, .flags = IN_STREAM,                            \
     S(merge.may_be_missing), .choices = missings, .fallback = "error",                       \
     .help = "empty: where merge_path leads to nothing, the page has no records"}

#define WITH_AND_WHERE_KEYS                                                                   \
    {.name = "with", .type = KEY_CUSTOM, .flags = IN_STREAM | KEY_PAIRS | KEY_ON_PAGE,        \
     S(merge), .read = with_read,                                                             \
     .help = "fields added to each record: expressions, or paths into the body"},             \
    {.name = "where", .type = KEY_TEMPLATE_REF,                                               \
     .flags = IN_STREAM | KEY_ON_PAGE | KEY_ON_RECORD, S(merge.where),                        \
     .help = "an expression: records for which it is false are left out"}

#define EXCLUDE_AND_FLATTEN_KEYS                                                              \
    {.name = "exclude", .type = KEY_TEXTS, .flags = OF_NAMES,                                  \
     S_LIST(merge.exclude, merge.exclude_count), .help = "fields that are left out"},         \
    {.name = "flatten", .type = KEY_TEXTS, .flags = OF_NAMES,                                  \
     S_LIST(merge.flatten, merge.flatten_count),                                              \
     .help = "objects whose members become fields of the record"}

#define ADOPT_TO_MISMATCH_KEYS                                                                \
    {.name = "adopt", .type = KEY_BOOL, .flags = IN_STREAM, S(table.may_adopt),               \
     .fallback = "false", .help = "a table that Pagetide did not make may be used"},          \
    {.name = "key", .type = KEY_TEXTS, .flags = OF_NAMES,                                      \
     S_LIST(table.key, table.key_count), .help = "fields that identify a record"},            \
    {.name = "write", .type = KEY_CHOICE, .flags = IN_STREAM, S(table.write),                 \
     .choices = writes, .fallback = "append", .help = "what a run does to the table"},        \
    {.name = "again", .type = KEY_BOOL, .flags = IN_STREAM, S(table.may_repeat),              \
     .fallback = "false",                                                                     \
     .help = "append: each run stores all its records, though an earlier one may have "       \
             "stored them"},                                                                  \
    {.name = "merge", .type = KEY_SWITCH, .flags = IN_STREAM, S(table.fills),                 \
     .choices = merges, .fallback = "replace",                                                \
     .help = "how upsert writes over a row: fill keeps its value where the record has none"}, \
    {.name = "columns", .type = KEY_CUSTOM, .flags = IN_STREAM | KEY_PAIRS, S(table),         \
     .read = columns_read, .fallback = "infer",                                               \
     .help = "infer, none, or a map of declared columns; short: {id: bigint}"},               \
    {.name = "others", .type = KEY_CHOICE, .flags = IN_STREAM, S(table.others),               \
     .choices = others, .fallback = "infer", .help = "fields beside the declared ones"},      \
    {.name = "on_new_field", .type = KEY_CHOICE, .flags = IN_STREAM, S(table.on_new_field),   \
     .choices = new_fields, .fallback = "add",                                                \
     .help = "fields that have no column yet"},                                               \
    {.name = "on_mismatch", .type = KEY_CHOICE, .flags = IN_STREAM, S(table.on_mismatch),     \
     .choices = mismatches, .fallback = "aside", .help = "values that do not fit their column"}

#define MAX_COLUMNS_KEY                                                                       \
    {.name = "max_columns", .type = KEY_COUNT, .flags = IN_STREAM, S(table.max_columns),      \
     .min = 1, .max = 1500, .fallback = "500",                                                \
     .help = "fields beyond these go aside"}

#define INDEXES_AND_COMMENT_KEYS                                                              \
    {.name = "indexes", .type = KEY_STRUCTS, .flags = IN_STREAM,                              \
     S_LIST(table.indexes, table.index_count), .keys = &index_keys,                           \
     .help = "of the table; one or a list"},                                                  \
    {.name = "comment", .type = KEY_TEXT, .flags = IN_STREAM, S(table.comment),               \
     .help = "on the table; where it comes from if absent"},                                  \
    {.name = "partition_by", .type = KEY_STRUCT, .flags = IN_STREAM, S(table.partition),      \
     .keys = &partition_keys,                                                                 \
     .help = "a table that is made is partitioned by ranges of this column; a lone column is " \
             "{range: …}"}

/* Each fills a struct stream: the members of it that are the table's own. */
static const struct key part_list[] = {
    {.name = "merge_path", .type = KEY_PATH, .flags = KEY_REQUIRED, S(merge.path),
     .help = "where its records are in a body"},
    MISSING_KEY,
    WITH_AND_WHERE_KEYS,
    EXCLUDE_AND_FLATTEN_KEYS,
    {.name = "parent_key", .type = KEY_TEXTS, S_LIST(table.parent_key, table.parent_key_count),
     .help = "fields of `with` that name the element around a list of records: where the "
             "element comes again, rows that its list lacks are deleted"},
    ADOPT_TO_MISMATCH_KEYS,
    MAX_COLUMNS_KEY,
    INDEXES_AND_COMMENT_KEYS,
    KEY_END,
};
KEYS(part, struct stream);

static const struct key definition_list[] = {
    {.name = "source", .type = KEY_TEXT, .flags = IN_SOURCE | KEY_REQUIRED, S(source),
     .help = "name of the API: [a-z][a-z0-9_]{0,47}"},
    {.name = "stream", .type = KEY_TEXT, .flags = KEY_IN_SPEC, S(name)},
    {.name = "like", .type = KEY_MOVED, .flags = IN_BOTH,
     .help = "an entry of the catalogue (`pagetide catalogue`), whose keys hold where none are "
             "given; at a stream and in `defaults`: a stream of that entry"},
    {.name = "schema", .type = KEY_TEXT, .flags = IN_SOURCE, S(table.schema),
     .help = "schema of the tables; the source's name if absent"},
    {.name = "base_url", .type = KEY_TEMPLATE, .flags = IN_SOURCE | KEY_SECRETS,
     D(base_url),
     .help = "what every path is added to; http+unix://%2Frun%2Fapi.sock/v1 is at a Unix "
             "socket"},
    {.name = "auth", .type = KEY_UNION, .flags = IN_SOURCE | KEY_IS_SECRET, S(auth.type),
     .variants = auth_variants, .fallback = "none", .help = "credentials"},
    {.name = "allow_hosts", .type = KEY_TEXTS, .flags = IN_SOURCE,
     S_LIST(allow_hosts, allow_host_count),
     .help = "other hosts that links and redirects may lead to"},
    {.name = "rebase_links", .type = KEY_BOOL, .flags = IN_BOTH, S(rebases_links),
     .fallback = "false",
     .help = "a link with another scheme, host or port is taken on our own: behind a proxy"},
    {.name = "allow_private", .type = KEY_BOOL, .flags = IN_SOURCE, S(allows_private),
     .fallback = "false", .help = "addresses of private networks may be called"},
    {.name = "allow_http", .type = KEY_BOOL, .flags = IN_SOURCE, S(allows_http),
     .fallback = "false", .help = "http to other hosts than this one"},
    {.name = "tls", .type = KEY_STRUCT, .flags = IN_SOURCE, .keys = &tls_keys,
     .help = "certificates"},
    {.name = "proxy", .type = KEY_TEMPLATE_REF, .flags = IN_SOURCE | OF_US, S(proxy),
     .help = "URL of a proxy, http or socks5; env: as HTTPS_PROXY and NO_PROXY say"},
    {.name = "weight", .type = KEY_COUNT, .flags = IN_SOURCE, S(weight), .min = 1, .max = 100,
     .help = "turns of the source where jobs of several wait for workers; 1 if absent"},
    {.name = "defaults", .type = KEY_MOVED, .flags = IN_SOURCE,
     .help = "any keys of a stream, for all of them"},
    {.name = "streams", .type = KEY_MOVED, .flags = IN_SOURCE, .help = "the endpoints"},

    {.name = "vars", .type = KEY_TEMPLATES, .flags = IN_BOTH | KEY_BY_KEY | KEY_PAIRS,
     S_LIST(vars, var_count), .help = "values that expressions may name"},
    {.name = "headers", .type = KEY_TEMPLATES,
     .flags = IN_BOTH | KEY_BY_KEY | KEY_PAIRS | KEY_SECRETS | KEY_NOCASE,
     S_LIST(headers, header_count), .help = "headers of every request"},
    {.name = "params", .type = KEY_TEMPLATES,
     .flags = IN_BOTH | KEY_BY_KEY | KEY_PAIRS | KEY_SECRETS,
     S_LIST(params, param_count), .help = "query parameters of every request"},
    {.name = "accept", .type = KEY_TEXTS, .flags = IN_BOTH, S_LIST(accept, accept_count),
     .help = "content types to ask for, in this order: the next where one is refused with 406 "
             "or 415"},
    {.name = "retry", .type = KEY_STRUCT, .flags = IN_BOTH | KEY_BY_KEY, S(retry),
     .keys = &retry_keys, .fallback = "{}", .help = "what happens after a failure"},
    {.name = "rate_limit", .type = KEY_STRUCTS, .flags = IN_BOTH,
     S_LIST(rate_limits, rate_limit_count), .keys = &rate_limit_keys,
     .help = "how fast requests may follow each other; one or a list; short: 10/s, 600/min"},
    {.name = "timeouts", .type = KEY_STRUCT, .flags = IN_BOTH | KEY_BY_KEY, S(timeouts),
     .keys = &timeout_keys, .fallback = "{}",
     .help = "how long a request may take; a lone duration is `total`"},
    {.name = "responses", .type = KEY_STRUCTS, .flags = IN_BOTH,
     S_LIST(responses, response_count), .keys = &response_keys,
     .help = "what certain answers mean; the first rule that fits decides"},
    {.name = "max_wait", .type = KEY_DURATION, .flags = IN_BOTH, S(max_wait_ms), .min = 1,
     .fallback = "1h", .help = "longest wait that an API may ask for"},
    {.name = "max_body", .type = KEY_SIZE, .flags = IN_BOTH, S(max_body_bytes), .min = 1,
     .fallback = "256MiB", .help = "largest body, after decompression"},

    {.name = "path", .type = KEY_TEMPLATE, .flags = IN_STREAM | KEY_SECRETS, D(path),
     .help = "what follows base_url"},
    {.name = "url", .type = KEY_TEMPLATE, .flags = IN_STREAM | KEY_SECRETS, D(url),
     .help = "the whole URL, instead of path"},
    {.name = "method", .type = KEY_WORD, .flags = IN_STREAM, S(method),
     .choices = method_choices, .fallback = "GET", .help = "of every request"},
    {.name = "body", .type = KEY_TEMPLATE_REF, .flags = IN_STREAM | KEY_SECRETS, S(body),
     .help = "of every request, any structure"},
    {.name = "body_type", .type = KEY_CHOICE, .flags = IN_STREAM, S(body_type),
     .choices = body_type_choices, .help = "json where a body is given"},
    {.name = "idempotent", .type = KEY_BOOL, .flags = IN_STREAM, S(is_idempotent),
     .fallback = "false", .help = "a POST may be sent again after any failure"},

    {.name = "graphql", .type = KEY_STRUCT, .flags = IN_STREAM, D(graphql),
     .keys = &graphql_keys,
     .help = "a query of GraphQL, instead of method, body, and for a connection also "
             "merge_path and pagination"},
    {.name = "prepare", .type = KEY_STRUCT, .flags = IN_STREAM, S(prepare),
     .keys = &prepare_keys,
     .help = "work that the API does before there is something to read: a report, an export"},
    {.name = "pagination", .type = KEY_UNION, .flags = IN_STREAM, S(pagination.type),
     .variants = pagination_variants, .fallback = "auto", .help = "how pages follow"},
    {.name = "loop", .type = KEY_MOVED, .flags = IN_STREAM,
     .help = "{pagination: …}, another way to write pagination"},
    {.name = "merge_path", .type = KEY_PATH, .flags = IN_STREAM, S(merge.path),
     .help = "where the records are in a body; absent: the whole body"},
    {.name = "merge_strategy", .type = KEY_CHOICE, .flags = IN_STREAM, S(merge.strategy),
     .choices = strategies, .fallback = "append",
     .help = "what of a body is a record"},
    MISSING_KEY,
    WITH_AND_WHERE_KEYS,
    {.name = "deleted", .type = KEY_TEMPLATE_REF,
     .flags = IN_STREAM | KEY_ON_PAGE | KEY_ON_RECORD, S(merge.deleted),
     .help = "an expression: a record for which it is true deletes the row of its key"},
    EXCLUDE_AND_FLATTEN_KEYS,
    {.name = "format", .type = KEY_CHOICE, .flags = IN_STREAM, S(form.format),
     .choices = format_choices, .fallback = "json", .help = "of the answers' bodies"},
    {.name = "trust_close", .type = KEY_BOOL, .flags = IN_STREAM, S(form.trusts_close),
     .help = "ndjson, csv: a body may end where the connection does, which does not tell "
             "whether it was cut"},
    {.name = "encoding", .type = KEY_CHOICE, .flags = IN_STREAM, S(form.encoding),
     .choices = encoding_choices,
     .help = "of the bodies; absent: as a byte order mark, the charset of Content-Type or "
             "XML's declaration says, else utf-8"},
    {.name = "csv", .type = KEY_STRUCT, .flags = IN_STREAM, S(form.csv), .keys = &csv_keys,
     .help = "how CSV is written, beside format: csv"},
    {.name = "xml", .type = KEY_STRUCT, .flags = IN_STREAM, S(form), .keys = &xml_keys,
     .help = "how XML is read, beside format: xml"},
    {.name = "shape", .type = KEY_CUSTOM, .flags = IN_STREAM, S(merge),
     .read = format_read_shape,
     .help = "of what stands at merge_path: the same in every page (if absent); members: an "
             "object's members are records as a list's elements are; mixed: an object is one "
             "record, and may take turns with a list; {names: …}: records are lists, and the "
             "names of their fields stand elsewhere"},

    {.name = "table", .type = KEY_TEXT, .flags = IN_STREAM, S(table.name),
     .help = "the stream's name if absent; none: its records are paged and counted, and only "
             "`tables` store something"},
    {.name = "tables", .type = KEY_NAMED_STRUCTS, .flags = IN_STREAM | KEY_PAIRS,
     S_LIST(parts, part_count), .keys = &part_keys,
     .help = "more tables that are filled from the same answers: a map of their names"},
    ADOPT_TO_MISMATCH_KEYS,
    {.name = "max_rejects", .type = KEY_COUNT, .flags = IN_STREAM, S(table.max_rejects),
     .min = 0, .fallback = "1000", .help = "more rejected records fail the run"},
    {.name = "max_asides", .type = KEY_TEXT, .flags = IN_STREAM, S(table.max_asides),
     .fallback = "10%",
     .help = "misfits of a column in a run: a share of the records, or a count; see "
             "on_max_asides"},
    {.name = "on_max_asides", .type = KEY_CHOICE, .flags = IN_STREAM, S(table.on_max_asides),
     .choices = asides_modes, .fallback = "warn",
     .help = "more than max_asides is a warning, or fails the run"},
    {.name = "require", .type = KEY_CHOICE, .flags = IN_STREAM, S(required),
     .choices = required, .help = "an end that is less sure than this fails the run"},
    {.name = "expect", .type = KEY_STRUCT, .flags = IN_STREAM, S(expected),
     .keys = &expectation_keys,
     .help = "how many rows a run has that reads all there is"},
    MAX_COLUMNS_KEY,
    {.name = "deletes", .type = KEY_CHOICE, .flags = IN_STREAM, S(table.deletes),
     .choices = deletes,
     .help = "what becomes of a row whose record has vanished, or is `deleted`: hard (if "
             "absent) deletes it, soft sets `_pt_deleted_at`; with write: history, after a run "
             "that reads all: close (if absent) ends its current version, keep leaves it"},
    {.name = "shrink_guard", .type = KEY_TEXT, .flags = IN_STREAM, S(table.shrink_guard),
     .help = "replace, history: a run with fewer rows than this share (50% if absent) of those "
             "in the table fails; 0%: any number is right"},
    INDEXES_AND_COMMENT_KEYS,

    {.name = "schedule", .type = KEY_TEXT, .flags = IN_STREAM, S(schedule.cron),
     .help = "cron: five fields, or @daily and the like"},
    {.name = "every", .type = KEY_DURATION, .flags = IN_STREAM, S(schedule.every_ms),
     .min = 1000, .help = "instead of schedule"},
    {.name = "timezone", .type = KEY_TEXT, .flags = IN_STREAM, S(schedule.timezone),
     .fallback = "UTC",
     .help = "of the schedule: a name of the IANA database, such as Europe/Berlin"},
    {.name = "catch_up", .type = KEY_CHOICE, .flags = IN_STREAM, S(schedule.catch_up),
     .choices = catch_ups, .fallback = "latest", .help = "which missed runs are made up for"},
    {.name = "retry_run", .type = KEY_STRUCT, .flags = IN_STREAM, S(schedule),
     .keys = &rerun_keys,
     .help = "when a scheduled run goes on that failed because of the API or the network"},
    {.name = "bookmark", .type = KEY_STRUCT, .flags = IN_STREAM, S(bookmark),
     .keys = &bookmark_keys,
     .help = "what an incremental run begins with; a lone path is {path: …}"},
    {.name = "after_load", .type = KEY_STRUCT, .flags = IN_STREAM, S(after),
     .keys = &after_keys,
     .help = "what is done when a run has ended: SQL, a notification, a webhook"},
    {.name = "ordered", .type = KEY_BOOL, .flags = IN_STREAM, S(is_ordered),
     .fallback = "false",
     .help = "the API gives records in the order of the bookmark, the lowest first: what "
             "`restart_after` needs"},
    {.name = "partitions", .type = KEY_VALUE, .flags = IN_STREAM, S(partitions),
     .help = "a list of maps, or {sql: …, max: 10000}, whose rows are the maps; {list: …} is a "
             "list too, and per_job says how many partitions share a job"},
    {.name = "window", .type = KEY_STRUCT, .flags = IN_STREAM, S(window),
     .keys = &window_keys,
     .help = "cuts the time that a run asks for into slices, each a job of its own; a lone "
             "size is {size: …}"},
    {.name = "after", .type = KEY_TEXTS, .flags = OF_NAMES,
     S_LIST(schedule.after, schedule.after_count),
     .help = "streams: a run starts when all of them have succeeded since its last start"},
    {.name = "spread", .type = KEY_DURATION, .flags = IN_STREAM, S(schedule.spread_ms),
     .min = 1000, .max = 366 * INT64_C(86400000),
     .help = "starts by schedule or every come later by a part of this, which the name of the "
             "stream decides"},
    KEY_END,
};

/* clang-format on */
/* pagination_variants has its offsets from the stream, and they are used on the definition. */
_Static_assert(offsetof(struct definition, stream) == 0, "the stream comes first");
/* A struct of KEY_NAMED_STRUCTS begins with its name. */
_Static_assert(offsetof(struct stream, name) == 0, "the name comes first");

const struct keys definition_keys = {definition_list, sizeof(struct definition)};

void definition_init(struct definition *definition)
{
    *definition = (struct definition){.stream = {.name = STR_NONE}};
    struct pagination *pagination = &definition->stream.pagination;
    pagination->maximum = pagination->flag_absent = -1;
    pagination->max_iterations = pagination->max_records = pagination->max_time_ms = -1;
    pagination->size_param.place = PLACE_NONE;
    format_init(&definition->stream.form);
}
