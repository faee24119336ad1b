#include "cli/hint.h"

#include "core/job.h"

enum hint_flags {
    BY_TRACE = 1, /* begins with the command that shows requests and answers */
    GOES_ON = 2,  /* the run can be taken up again with the same definition */
    FIRST = 4,    /* only of the first page */
    LATER = 8,    /* only of a later page */
};

/*
 * Of a reason, the first cause whose words the error holds counts. The words are literals of
 * ours, of libcurl (docs/libcurl/libcurl-errors) or of PostgreSQL's messages in English.
 */
struct hint {
    enum job_reason reason;
    int flags;
    const char *words; /* "" for any error of the reason: the last of it */
    const char *text;
};

static const struct hint hints[] = {
    /* a request that got no answer */
    {REASON_HTTP, GOES_ON, "resolve proxy", "is the name in `proxy` written right?"},
    {REASON_HTTP, GOES_ON, "from proxy",
     "the proxy answered, not the API: does it let this host through, and does it want "
     "credentials in `proxy`?"},
    {REASON_HTTP, GOES_ON, "CONNECT tunnel failed",
     "the proxy answered, not the API: does it let this host through, and does it want "
     "credentials in `proxy`?"},
    {REASON_HTTP, GOES_ON, "resolve host",
     "is the host in base_url written right, and does this machine know names (DNS)?"},
    {REASON_HTTP, 0, "certificate",
     "`tls: {ca: FILE}` names who signed the API's certificate; is base_url the host that it "
     "is made for?"},
    {REASON_HTTP, 0, "SSL", "does the API speak https at this port? Try http, or another port"},
    {REASON_HTTP, 0, "wrong version number",
     "does the API speak https at this port? Try http, or another port"},
    {REASON_HTTP, GOES_ON, "onnect to ",
     "does the API run, and are host and port in base_url right? A firewall refuses too"},
    {REASON_HTTP, GOES_ON, "not connected",
     "are host and port in base_url right? A firewall that says nothing looks like this"},
    {REASON_HTTP, GOES_ON, "no answer for",
     "ask for smaller pages, or give `timeouts: {first_byte: …}` more time"},
    {REASON_HTTP, GOES_ON, "no more data for",
     "ask for smaller pages, or give `timeouts: {idle: …}` more time"},
    {REASON_HTTP, GOES_ON, "not finished after",
     "ask for smaller pages, or give `timeouts: {total: …}` more time"},
    {REASON_HTTP, 0, "leaves its origin",
     "allow_hosts lets links go there; rebase_links: true takes them on our own origin, where "
     "an API behind a proxy names itself wrongly"},
    {REASON_HTTP, 0, "over max_body", "ask for smaller pages, or raise max_body"},
    /* a status that is none of a page */
    {REASON_HTTP, GOES_ON, "status 429",
     "let rate_limit say what the API allows; its documentation has the number"},
    {REASON_HTTP, BY_TRACE | FIRST, "status 404",
     "shows the whole URL: do base_url and path together make the API's?"},
    {REASON_HTTP, LATER, "status 400", NULL},
    {REASON_HTTP, LATER, "status 404", NULL},
    {REASON_HTTP, LATER, "status 416", NULL},
    {REASON_HTTP, LATER, "status 422", NULL},
    {REASON_HTTP, BY_TRACE, "status 400", "shows what was sent: which parameter is wrong?"},
    {REASON_HTTP, BY_TRACE, "status 422", "shows what was sent: which parameter is wrong?"},
    {REASON_HTTP, 0, "status 405", "does the API want another `method` here?"},
    {REASON_HTTP, 0, "status 406", "which Accept does the API want? Set it in `headers`"},
    {REASON_HTTP, 0, "status 415", "which body does the API take? body_type: json, form, text"},
    {REASON_HTTP, 0, "status 407",
     "the proxy wants credentials, not the API: give them in `proxy`"},
    {REASON_HTTP, GOES_ON, "status 5",
     "the API failed by itself: smaller pages often help, or come back later"},
    {REASON_HTTP, BY_TRACE | GOES_ON, "",
     "shows requests and answers: are base_url, path and params right?"},
    /* who asks */
    {REASON_AUTH, GOES_ON, "status 403",
     "the API knows the credentials, but they may not read this: what right or scope does it "
     "want?"},
    {REASON_AUTH, GOES_ON, "", "check the credentials: `auth`, and the secret that it names"},
    /* what was answered */
    {REASON_BODY, BY_TRACE | GOES_ON, "perhaps a login",
     "shows the page: `auth` is missing or its credentials have expired, or base_url is a "
     "website's"},
    {REASON_BODY, BY_TRACE, "an HTML page",
     "shows the page: a website's or a proxy's? Let base_url be the API's"},
    {REASON_BODY, 0, "with XML",
     "`format: xml` reads it; or ask for JSON: headers: {Accept: application/json}"},
    {REASON_BODY, 0, "(Content-Type: text/csv",
     "`format: csv` reads it; or ask for JSON: headers: {Accept: application/json}"},
    {REASON_BODY, BY_TRACE, "expected the end of the text, found '{'",
     "shows the body: where it is a record a line, `format: ndjson` reads it"},
    {REASON_BODY, 0, "empty body",
     "where the API says nothing for no records: responses: [{status: 200, then: empty}]"},
    {REASON_BODY, BY_TRACE | GOES_ON, "",
     "shows the body: is it the API that answers, and whole?"},
    {REASON_MERGE, BY_TRACE, "names an error",
     "shows what was asked: the API refuses it, with a status that says nothing of that"},
    {REASON_MERGE, BY_TRACE, "nothing stands at",
     "shows the body: let merge_path name the list of records; on_missing: empty where the "
     "API leaves it out when there are none"},
    {REASON_MERGE, BY_TRACE, "", "shows the body: let merge_path name the list of records"},
    {REASON_EVAL, BY_TRACE, "expected a flag",
     "shows the answer; flag_absent: false where the flag is left out at the end"},
    {REASON_EVAL, BY_TRACE, "expected a count",
     "shows the answer: is total_path or total_pages_path the place of a number?"},
    {REASON_EVAL, BY_TRACE, "this is undefined",
     "shows the answer; `| default(false)` behind what the API may leave out"},
    {REASON_EVAL, BY_TRACE, "undefined value",
     "shows the answer; `| default(0)` behind what the API may leave out, flag_absent: false "
     "where it leaves out the flag of has_more_path at the end"},
    {REASON_EVAL, BY_TRACE, "", "shows the answer; `pagetide expr` tries an expression"},
    /* how it ended */
    {REASON_LOOP, BY_TRACE, "came before in this job",
     "shows the requests: is `param` the name that the API knows? One that it does not know "
     "gives the first page again"},
    {REASON_LOOP, BY_TRACE, "", "shows the requests: does the page, offset or cursor move on?"},
    {REASON_LIMIT, 0, "", "raise the limit that the message names, if all is wanted"},
    {REASON_INCONSISTENT_END, 0, "holds a next link",
     "follow the link: pagination: {type: next_url, next_path: …}"},
    {REASON_INCONSISTENT_END, 0, "Link header names",
     "follow the link: pagination: {type: link_header}"},
    {REASON_INCONSISTENT_END, 0, "holds a cursor",
     "follow the cursor: pagination: {type: cursor, cursor_path: …, param: …}"},
    {REASON_INCONSISTENT_END, 0, "in a row are empty",
     "max_empty_pages is how many may be; stop_on_empty: true lets the first be the end"},
    {REASON_INCONSISTENT_END, 0, "came twice",
     "ask for a sort by a field that is different in each record, such as the key"},
    {REASON_INCONSISTENT_END, 0, "one page only",
     "say how the pages follow: pagination: {type: page | offset | cursor | …}"},
    {REASON_INCONSISTENT_END, 0, "`require`",
     "total_path proves the end where the API counts; else ask for less"},
    {REASON_INCONSISTENT_END, 0, "with a key that came before",
     "ask for a sort by a field without ties, with `step: size` where paging is by offset, or "
     "choose another `key`"},
    {REASON_INCONSISTENT_END, BY_TRACE, "were read",
     "shows the requests: a sort by a field that is different in each record loses none; "
     "`step: size` where an API hides records after counting"},
    {REASON_INCONSISTENT_END, BY_TRACE, "", "shows total and flag: is one of the paths wrong?"},
    {REASON_REJECTS, 0, "the table does not take",
     "look which constraint of the table it is; rows that refer to a vanished one want `on "
     "delete`, or `deletes: soft`"},
    {REASON_REJECTS, 0, "value that does not fit",
     "`pagetide columns STREAM` shows the columns and changes a type; max_asides is how many "
     "values may not fit"},
    {REASON_REJECTS, 0, "", "look at the rejected records; max_rejects is the limit"},
    {REASON_SHRINK, 0, "shrink_guard",
     "look whether the API lost records, or the credentials see fewer; if they are right, "
     "lower `shrink_guard`"},
    {REASON_SHRINK, 0, "",
     "look whether the API lost records, or the credentials see fewer; `expect` decides"},
    /* this side */
    {REASON_DEFINITION, GOES_ON, "is not set in the environment",
     "set the variable where the program runs"},
    {REASON_DEFINITION, GOES_ON, "secrets",
     "put the secret into the folder secrets_dir, as a file of its name"},
    {REASON_DEFINITION, GOES_ON, "(42501)",
     "it is a right that the role lacks, not the definition: docs/postgres.md has them"},
    {REASON_DEFINITION, 0, "no default operator class",
     "PostgreSQL cannot compare values of that type: declare the key as text or jsonb"},
    {REASON_DEFINITION, 0, "is a generated column",
     "PostgreSQL computes that column itself: leave the field out by `exclude`"},
    {REASON_DEFINITION, 0, "is gone, which",
     "the table has changed, not the definition: do what the message says"},
    {REASON_DEFINITION, 0, "", "correct the definition; `pagetide check` validates it"},
    {REASON_CANCELLED, GOES_ON, "", "nothing is wrong: it was cancelled"},
    {REASON_CRASH, GOES_ON, "", "read in the worker's log how it ended"},
    {REASON_SERVER, GOES_ON, "permission denied",
     "grant the role its rights on the schema and the table that the message names"},
    {REASON_SERVER, GOES_ON, "No space left", "PostgreSQL's disk is full: make room"},
    {REASON_SERVER, GOES_ON, "could not extend file", "PostgreSQL's disk is full: make room"},
    {REASON_SERVER, GOES_ON, "lock timeout",
     "who holds the lock? select * from pg_locks where not granted"},
    {REASON_SERVER, GOES_ON, "", "read PostgreSQL's log; space, locks and rights are usual"},
};

/* What a page behind the last is answered with; the statuses above without a text. */
static const char behind_the_end[] =
    "is it the page behind the last? total_path or total_pages_path says where the last is; or "
    "responses: [{status: 404, then: end}], with the status above";

static const struct server_hint {
    const char *words, *text;
} servers[] = {
    {"assword authentication failed", "are user and password in database_url right?"},
    {"no password supplied", "database_url or PAGETIDE_DATABASE_URL_FILE has the password"},
    {"no pg_hba.conf entry", "pg_hba.conf of the server must let this host and user in"},
    {"does not exist", "make the role or the database first: createuser, createdb"},
    {"connection slots", "too many sessions: raise max_connections, or lower `connections`"},
    {"too many connections", "too many sessions: raise the limit, or lower `connections`"},
    {"certificate", "sslrootcert in database_url names who signed the server's certificate"},
    {"SSL", "sslmode in database_url must fit the server"},
    {"refused", "does PostgreSQL run, and are host and port in database_url right?"},
    {"No such file or directory", "does PostgreSQL run, and is the socket's folder right?"},
    {"resolve", "is the host in database_url written right?"},
    {"not known", "is the host in database_url written right?"},
};

/* Of Redis, whose error begins with its name. */
static const struct server_hint redis[] = {
    {"NOAUTH", "redis_url or PAGETIDE_REDIS_URL_FILE has the password"},
    {"without any password", "this Redis has no password: redis_url needs none"},
    {"WRONGPASS", "are user and password in redis_url right?"},
    {"AUTH", "are user and password in redis_url right?"},
    {"refused", "does Redis run, and are host and port in redis_url right?"},
    {"No such file or directory", "does Redis run, and is the socket's folder right?"},
    {"resolve", "is the host in redis_url written right?"},
    {"not known", "is the host in redis_url written right?"},
    {"DB index", "the number behind the last / of redis_url is a database that Redis has not"},
};

/* Errors name the page that they are about; before the first there is none. */
static bool is_first_page(struct str error)
{
    return str_find(error, STR("page 1: ")) >= 0;
}

static bool fits(const struct hint *hint, const struct hint_of *of)
{
    bool is_first = is_first_page(of->error);
    return str_is(of->reason, job_reason_name(hint->reason)) &&
           str_find(of->error, str_from(hint->words)) >= 0 &&
           !((hint->flags & FIRST) && !is_first) && !((hint->flags & LATER) && is_first);
}

static const struct hint *find_hint(const struct hint_of *of)
{
    for (size_t i = 0; of->reason.len && i < COUNT_OF(hints); i++)
        if (fits(&hints[i], of))
            return &hints[i];
    return NULL;
}

static const char *text_of(const struct hint *hint)
{
    return hint->text ? hint->text : behind_the_end;
}

void hint_put_for_preview(struct buf *line, const struct hint_of *of)
{
    const struct hint *hint = find_hint(of);
    if (hint)
        buf_printf(line, "%s%s", hint->flags & BY_TRACE ? "--trace " : "", text_of(hint));
}

void hint_put_for_run(struct buf *line, const struct hint_of *of, struct str stream,
                      int64_t run)
{
    const struct hint *hint = find_hint(of);
    if (!hint)
        return;
    if (hint->flags & BY_TRACE)
        buf_printf(line, "`pagetide preview %.*s --trace` ", STR_ARG(stream));
    buf_printf(line, "%s", text_of(hint));
    if (hint->reason == REASON_REJECTS && !*hint->words)
        buf_printf(line, " (`pagetide rejects %lld`)", (long long)run);
    if (hint->flags & GOES_ON)
        buf_printf(line, "; `pagetide retry %lld` goes on where it stopped", (long long)run);
}

void hint_put_for_server(struct buf *line, struct str error)
{
    bool is_redis = str_starts(error, STR("Redis at "));
    const struct server_hint *list = is_redis ? redis : servers;
    for (size_t i = 0; i < (is_redis ? COUNT_OF(redis) : COUNT_OF(servers)); i++) {
        if (str_find(error, str_from(list[i].words)) < 0)
            continue;
        buf_printf(line, "%s", list[i].text);
        return;
    }
}
