#ifndef CONFIG_STREAM_H
#define CONFIG_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/charset.h"
#include "base/str.h"
#include "config/auth.h"
#include "core/job.h"
#include "core/locator.h"
#include "core/path.h"
#include "core/retry.h"
#include "core/template.h"

/*
 * Source definitions. A file (or the JSON stored with a run) is read by one list of keys per
 * struct into a validated `struct stream`: everything inherited is merged, every default filled
 * in, every expression and path compiled. Nothing in it changes afterwards; all of it lives in
 * the arena it was loaded into.
 */
struct timeouts {
    int64_t connect_ms, first_byte_ms, idle_ms, total_ms;
};

enum { RATE_LIMITS_MAX = 8 }; /* of a stream */

struct rate_limit {
    int64_t requests, per_ms, burst; /* requests == 0: no limit of that kind */
    int64_t concurrency;             /* requests in flight; 0: no limit */
    bool is_per_stream;              /* else all streams of the source share it */
    struct locator remaining, reset; /* where an answer says its quota */
};

/* Where a pagination parameter goes. */
enum placement { PLACE_QUERY, PLACE_HEADER, PLACE_BODY, PLACE_NONE };

struct param_place {
    enum placement place;
    struct str name;  /* QUERY, HEADER */
    struct path path; /* BODY: keys only */
};

enum pagination_type {
    PAGINATE_NONE,
    PAGINATE_PAGE,
    PAGINATE_OFFSET,
    PAGINATE_CURSOR,
    PAGINATE_LINK_HEADER,
    PAGINATE_NEXT_URL,
    PAGINATE_RESPONSE_BASED,
    PAGINATE_AUTO,
};

/* What changes in the next request; all but `method` for response_based. NULL: not given. */
struct next_page {
    struct template *params, *headers, *body, *url;
    struct str method; /* empty: the stream's */
};

/*
 * `total`: a request of its own for the number of all records. Without a path it is the list's
 * own first request by HEAD, or one to its path without the parameters of paging. Its params
 * and headers are set over the stream's, its body stands instead of the stream's. NULL: not
 * given.
 */
struct count_request {
    struct str method;     /* GET, HEAD or POST */
    struct template *path; /* NULL: that of the list */
    struct template *params, *headers;
    struct template *body; /* with POST alone */
    struct template url;   /* with `path`: what it follows */
};

struct count {
    struct count_request request;
    struct locator at; /* of kind NONE: there is no `total` */
};

/*
 * `prepare`: work that the API has to be asked for before there is something to read. Its
 * answers are JSON, whatever the format of the stream is.
 */
enum body_type { BODY_NONE, BODY_JSON, BODY_FORM, BODY_TEXT };

struct prepare_request {
    struct str method;
    struct template *path;                    /* NULL: not given */
    struct template *url;                     /* of `request` alone: the whole URL, instead */
    struct template *params, *headers, *body; /* NULL: not given */
    enum body_type body_type;
    bool is_idempotent;
    struct template base; /* what `path` follows, or `url` */
};

/* What is read when the work is done. Neither: the stream's own request. */
struct prepare_files {
    struct locator url, urls;
    struct path each; /* behind `urls: parts[*].url`: "url"; of no steps: the element itself */
};

struct prepare {
    struct prepare_request request, poll;
    struct locator link;  /* of `poll`, without a path: in the answer to `request` */
    struct locator until; /* of kind NONE: there is no `prepare` */
    struct template *fail_when, *message; /* NULL: not given */
    int64_t every_ms, timeout_ms;
    struct prepare_files then;
    struct str *kept; /* members of `submitted` that expressions name */
    size_t kept_count, kept_capacity;
    bool keeps_all;     /* … which name `submitted` itself */
    bool uses_prepared; /* expressions of the pages do: it is asked for anew after a stop */
};

struct pagination {
    enum pagination_type type;
    struct param_place param, size_param; /* size_param: also offset's limit_param */
    bool has_size_param;
    int64_t start, size;       /* size 0: not given */
    struct value cursor_start; /* cursor: undefined if not given */
    struct str *alone;         /* names that go with a cursor; NULL: all of the stream's */
    size_t alone_count;
    struct locator total, total_pages, has_more, cursor, next;
    struct count count;
    int64_t maximum; /* maximum_page or maximum_offset, exclusive; -1: none */
    bool stops_on_empty, stops_on_short, sends_first;
    int64_t max_empty_pages; /* in a row; 0: of another type, or response_based has no bound */
    bool steps_by_size;      /* offset: `step: size`, else by the records received */
    bool halves;             /* page_size_on_error */
    struct str rel;
    struct template *continue_while;
    struct next_page next_page;
    struct retry_policy retry; /* instead of the stream's; max_attempts 0: not given */
    int64_t max_iterations, max_records, max_time_ms; /* -1: none */
    int64_t restart_after;                            /* records; 0: not given */
    int64_t overlap;  /* records that each page begins before the last one read */
    int64_t parallel; /* requests in flight; 0 and 1: one */
    int64_t jobs;     /* that share the pages; less than 2: one */
    bool allows_repeats, allows_same_request;
    int flag_absent;     /* has_more_path where it is absent: 1 more, 0 the end, -1 an error */
    bool is_flag_of_end; /* `auto` alone: has_more is true where the page is the last */
    bool spreads_cursor; /* `auto` alone: the cursor is a map of parameters to set */
    bool reads_records;  /* `auto` alone: the cursor is a field of a record */
};

enum { OVERLAP_MAX = 100, RANGES_MAX = 64 };

enum merge_strategy {
    MERGE_APPEND,
    MERGE_EXTEND,  /* one level of nested lists is flattened */
    MERGE_REPLACE, /* the last response is the one record; the path only counts */
    MERGE_COLLECT, /* each response is one record; the path only counts */
};

/*
 * `with:` and other fields added to each record. A path is read from its anchor: the element
 * of merge_path's wildcard at that step, the body, or the record itself.
 */
enum { WITH_BODY = -1, WITH_RECORD = -2 };

struct with_field {
    struct str name;
    bool is_path; /* else an expression or constant */
    struct template template;
    struct path path;
    bool wants_key; /* the path ended in @key: the name of the anchor's member */
    int anchor;     /* a step of merge_path, WITH_BODY or WITH_RECORD */
    size_t from;    /* the first step of `path` after the anchor */
};

/* What stands at merge_path: one and the same in all pages of a job. */
enum page_shape { SHAPE_UNKNOWN, SHAPE_LIST, SHAPE_OBJECT, SHAPE_SCALAR };

enum shape_rule {
    SHAPE_SAME,    /* a list gives its elements, anything else is one record */
    SHAPE_MEMBERS, /* a list gives its elements, an object its members */
    SHAPE_MIXED,   /* as SAME, but a list and an object may take turns */
};

/* `shape: {names: …}`: records are arrays, and the names of their fields elsewhere. */
struct record_names {
    enum names_place {
        NAMES_NONE,   /* records are no arrays, or values */
        NAMES_FIRST,  /* in the first record of a body */
        NAMES_AT,     /* at `path` of the body */
        NAMES_LISTED, /* in `list` */
    } place;
    struct path path;
    struct str *list;
    size_t count;
};

struct merge {
    struct path path;
    enum merge_strategy strategy;
    enum shape_rule shape;
    struct record_names names;
    bool may_be_missing; /* at any step of path: no records then */
    struct with_field *with;
    size_t with_count;
    struct template *where;   /* NULL: all */
    struct template *deleted; /* NULL: no record says that it is gone */
    bool reads_response; /* `with` or `where` do: the body is to be parsed before the cut */
    struct str *exclude;
    size_t exclude_count;
    struct str *flatten;
    size_t flatten_count;
};

/* How the bodies of a stream's answers are written. */
enum answer_format { ANSWER_JSON, ANSWER_NDJSON, ANSWER_CSV, ANSWER_XML };

struct csv_form {
    struct str delimiter, quote; /* a byte each; no quote: none */
    struct str null;             /* a field without quotes that is null */
    bool has_header;
    struct str *names; /* instead of the header's; none: the header's */
    size_t name_count;
    bool infers; /* fields without quotes may be numbers, true and false */
};

struct answer_form {
    enum answer_format format;
    enum charset encoding; /* NONE: as the answer says */
    struct csv_form csv;
    bool keeps_prefixes; /* xml: of names */
    bool trusts_close;   /* the end of the connection is the end of the body */
};

/* `expect:`; what it compares is in schema/functions/run_end.sql. */
struct expectation {
    int64_t min_rows;
    struct str not_below; /* a share: "50%" */
    bool fails;
};

enum write_mode { WRITE_APPEND, WRITE_UPSERT, WRITE_REPLACE, WRITE_HISTORY };
enum deletes_mode {
    DELETES_UNSAID,
    DELETES_HARD,
    DELETES_SOFT,
    DELETES_CLOSE, /* history */
    DELETES_KEEP,
};
enum columns_mode { COLUMNS_INFER, COLUMNS_DECLARED, COLUMNS_NONE };
enum others_mode { OTHERS_INFER, OTHERS_ASIDE, OTHERS_IGNORE };
enum new_field_mode { NEW_FIELD_ADD, NEW_FIELD_IGNORE, NEW_FIELD_ASIDE, NEW_FIELD_FAIL };
enum asides_mode { ASIDES_WARN, ASIDES_FAIL };
enum mismatch_mode { MISMATCH_ASIDE, MISMATCH_REJECT, MISMATCH_FAIL };

/* How a declared column's values are written by the API. */
enum from_kind {
    FROM_ISO, /* RFC 3339, the same without an offset (UTC), or a date */
    FROM_EPOCH_S,
    FROM_EPOCH_MS,
    FROM_EPOCH_US,
    FROM_RFC2822,
    FROM_DOTNET, /* /Date(ms)/ */
    FROM_BASE64,
    FROM_DECIMAL_COMMA, /* 1.234,56 */
    FROM_YES_NO,        /* words of several languages */
    FROM_PATTERN,       /* as strptime reads them */
};

struct column_from {
    enum from_kind kind;
    struct str text; /* as written: the pattern */
};

struct declared_column {
    struct str name;
    struct str type; /* any PostgreSQL type, as written */
    struct path path;
    struct column_from *from; /* tried in order; none: as the type reads a value */
    size_t from_count;
    bool keeps_empty;   /* "" is no null */
    struct str comment; /* empty: none; read in SQL, like the table's */
};

/* One of `indexes`; made in SQL (schema/functions/indexes.sql). */
struct table_index {
    struct str *columns; /* names of fields or columns */
    size_t column_count;
    bool is_unique;
    struct str method;
    struct str where; /* a condition in SQL; empty: none */
};

/* The column that says when a row was stored, which every table has. */
#define PARTITION_STORED_AT "_pt_at"

enum partition_every {
    EVERY_HOUR,
    EVERY_DAY,
    EVERY_WEEK,
    EVERY_MONTH,
    EVERY_QUARTER,
    EVERY_YEAR,
};

/* `partition_by`; partitions are made in SQL (schema/functions/table_partitions.sql). */
struct table_partition {
    struct str range; /* a declared column, or PARTITION_STORED_AT; empty: no partitions */
    enum partition_every every;
    int64_t ahead, max;
};

struct table {
    struct str schema, name;
    bool is_none; /* `table: none`: records are paged and counted, and not stored */
    bool may_adopt;
    struct str *key; /* names of fields or declared columns */
    size_t key_count;
    struct str *parent_key; /* of one of `tables`: fields of `with` that name a parent */
    size_t parent_key_count;
    enum write_mode write;
    bool fills;      /* upsert: a null leaves the value that is there */
    bool may_repeat; /* append: each run may store what an earlier one did */
    enum deletes_mode deletes;
    struct str shrink_guard; /* replace, history: "50%"; read in SQL (shrink_failure) */
    enum columns_mode mode;
    struct declared_column *declared;
    size_t declared_count;
    enum others_mode others;
    enum new_field_mode on_new_field;
    enum mismatch_mode on_mismatch;
    int64_t max_rejects, max_columns;
    struct str comment;
    struct table_index *indexes;
    size_t index_count;
    struct table_partition partition;
    struct str max_asides; /* "10%" or "25": read in SQL (is_over_share) */
    enum asides_mode on_max_asides;
};

struct bookmark {
    bool is_set;
    struct path path;             /* into the record */
    struct locator from_response; /* instead: a token in the last answer */
    struct str start;
    int64_t lookback_ms;
    enum bookmark_type {
        BOOKMARK_GUESS,
        BOOKMARK_NUMBER,
        BOOKMARK_TIME,
        BOOKMARK_TEXT,
        BOOKMARK_TOKEN, /* has no order: the newest counts */
    } type;
    struct column_from *from; /* how times are written; none: ISO 8601 */
    size_t from_count;
};

/* `window`: the time of a run, cut into slices; read in SQL (schema/functions/windows.sql). */
struct window {
    struct str size; /* empty: none */
    struct str from, to, cap;
};

/* What is done when a run has ended (schema/functions/chores.sql). */
struct webhook {
    struct template *url; /* NULL: none */
    struct named_template *headers;
    size_t header_count;
};

struct after_load {
    struct str *sql;
    size_t sql_count;
    struct str notify; /* a channel; empty: none */
    struct webhook webhook;
    bool only_success;
    int64_t timeout_ms;
};

struct schedule {
    struct str cron;                  /* empty: none */
    int64_t every_ms;                 /* 0: none */
    struct str timezone, timezone_at; /* the latter as `repeats_at` below */
    int64_t spread_ms;
    struct str *after; /* streams that must have succeeded */
    size_t after_count;
    enum { CATCH_UP_LATEST, CATCH_UP_ALL, CATCH_UP_NONE } catch_up;
    int64_t rerun_after_ms, reruns_max; /* retry_run; read by schema/functions/reruns.sql */
};

enum response_then {
    RESPONSE_RETRY,
    RESPONSE_FAIL,
    RESPONSE_END,
    RESPONSE_EMPTY,
    RESPONSE_PAGE,
    RESPONSE_LOGIN,
    RESPONSE_RESET,
};

struct status_range { /* 404 is 404..404, 4xx is 400..499 */
    int from, to;
};

/* How long to wait before another try: as the definition says, or where the answer says it. */
struct response_wait {
    int64_t ms; /* -1: not given */
    struct locator server_wait;
};

/* One of `responses:`. All conditions given must hold. */
struct response_rule {
    struct status_range *statuses;
    size_t status_count;
    struct str *content_types; /* of the header, without its parameters */
    size_t content_type_count;
    struct template *when; /* NULL: not given */
    enum response_then then;
    struct response_wait wait;
    struct template *message; /* NULL: not given */
    bool reads_body;          /* `when`, `wait` or `message` name `response` */
};

struct stream {
    struct str name;   /* source.stream */
    struct str source; /* the part before the dot */
    struct str base_url;
    bool allows_private, allows_http;
    struct template *proxy, *ca_file, *cert_file, *key_file; /* NULL: none */
    struct str *allow_hosts;
    size_t allow_host_count;
    bool rebases_links; /* links to other origins are taken on our own */
    int64_t
        weight; /* of the source in the queue; 0: not given. pagetide.source_shares reads it */
    struct auth auth;

    struct str method;
    struct template url;  /* base_url without a final slash, or url */
    struct template path; /* what follows it: empty, or beginning with a slash */
    struct named_template *params, *headers, *vars;
    size_t param_count, header_count, var_count;
    struct str *accept; /* content types, the first is asked for first */
    size_t accept_count;
    struct template *body;
    enum body_type body_type;
    bool is_idempotent;
    bool is_graphql; /* of its answers none is a page that holds errors */
    struct retry_policy retry;
    struct rate_limit *rate_limits;
    size_t rate_limit_count;
    struct response_rule *responses;
    size_t response_count;
    struct timeouts timeouts;
    int64_t max_wait_ms, max_body_bytes;

    struct prepare prepare;
    struct pagination pagination;
    struct answer_form form;
    struct merge merge;
    struct table table;
    struct bookmark bookmark;
    bool is_ordered; /* `ordered`: the API gives records by the bookmark, the lowest first */
    struct schedule schedule;
    struct window window;
    struct after_load after;
    struct value partitions; /* list of maps; undefined if none */

    /*
     * `tables`: parts of the stream, filled from the same answers in the same transactions. A
     * part is this stream but for `merge` and `table`, has no bookmark and no parts, and its
     * name is that of the stream, a slash, and the table's: who owns a table has such a name.
     */
    struct stream *parts;
    size_t part_count;
    /*
     * Of a part with `parent_key`: where its parents are, the elements around its records, and
     * what of `with` names them. NULL: it has none.
     */
    struct merge *parents;

    /*
     * Do the expressions read the records out of `response`? If not, the response is built
     * without them.
     */
    bool needs_response_records;
    struct expectation expected;
    enum job_complete required; /* `require`; UNKNOWN: nothing is required of the end */
    bool uses_last_record;      /* accumulated[-1] */
    bool uses_window;           /* window.start or window.end */
    bool uses_bookmark;         /* a request that names it begins where the last run ended */
    /* Where a file says that a run is repeated which appends the same records each time, as
     * "shop.yaml:7:5"; empty: it is not so, or no file says it. */
    struct str repeats_at;
    struct str unused_bookmark_at; /* as repeats_at: no request begins at the bookmark */
    struct str spec; /* this definition, normalised: the JSON that is stored with a run */
};

/*
 * May a request of the stream be sent again when nobody knows whether the server acted on it?
 * RFC 9110, section 9.2.2: not POST and PATCH, unless the definition says `idempotent`. A page
 * may be asked for by another method than the stream's; empty: its own.
 */
bool stream_is_repeatable(const struct stream *stream, struct str method);

/* Has it a `prepare`? And does that lead to files, which are read instead of own pages? */
bool stream_prepares(const struct stream *stream);
bool stream_reads_files(const struct stream *stream);

/* Is it one of `vars`? */
bool stream_has_var(const struct stream *stream, struct str name);

/* The column that `columns` declares by this name; NULL: none. */
const struct declared_column *table_find_declared(const struct table *table, struct str name);

/* Does a record that comes twice become one row, by its key? */
bool table_folds(const struct table *table);

/* The stream's own table is number 0, those of its parts follow: which of them fills it. */
size_t stream_table_count(const struct stream *stream);
const struct stream *stream_at(const struct stream *stream, size_t i);
const struct table *stream_table(const struct stream *stream, size_t i);

#endif
