#ifndef CLI_URL_SOURCE_H
#define CLI_URL_SOURCE_H

#include "cli/cli.h"
#include "worker/discover/discover.h"

/*
 * A URL of the command line becomes a definition, for `discover` and `sync URL`.
 *
 * A credential that the command line has (--auth, a header or a parameter with the name of one,
 * base/secret_name.h) is put into the environment of this process, and the definition names
 * that variable: so what is printed, and stored, has none.
 */
bool url_source_is_url(const char *word);

struct url_source {
    struct discovery discovery;
    struct str url;        /* without its fragment */
    struct str name;       /* source.stream */
    struct str definition; /* the text of its file */
    struct stream *stream; /* of that text */
    struct str variables;  /* of the environment that it names and this process set: "A, B" */
};

/*
 * url_source_open → url_source_find → url_source_tell. Nothing is asked before find, so what
 * the name alone decides is decided in between. `name` is source.stream, or NULL: it is made of
 * the URL. False after printing what is wrong with the command line (exit 2).
 */
bool url_source_open(struct cli *cli, const char *url, const char *name,
                     struct url_source *ret) MUST_CHECK;

/*
 * Finds the definition; it has been read back as it will be printed. False after printing what
 * is wrong; *ret_code is what to exit with.
 */
bool url_source_find(struct cli *cli, struct url_source *source, int *ret_code) MUST_CHECK;

/* On stderr: what was tried, what is unsure, which variables are to be set. */
void url_source_tell(const struct url_source *source);

/* The options that both commands take. */
#define URL_SOURCE_OPTS                                                                        \
    {"header",        'H',                                                                     \
     OPT_LIST,        offsetof(struct options, headers),                                       \
     "'NAME: VALUE'", "of every request of a URL; may be given again"},                        \
        {"method", 'X',                                                                        \
         OPT_TEXT, offsetof(struct options, method),                                           \
         "METHOD", "of every request of a URL; POST where --data is given, else GET"},         \
        {"data",                                                                               \
         'd',                                                                                  \
         OPT_LIST,                                                                             \
         offsetof(struct options, data),                                                       \
         "BODY",                                                                               \
         "the body of every request of a URL: JSON, or a form, a=1&b=2; @FILE: from there"},   \
        {"graphql",                                                                            \
         0,                                                                                    \
         OPT_TEXT,                                                                             \
         offsetof(struct options, graphql),                                                    \
         "QUERY",                                                                              \
         "a query of GraphQL for a URL, --data has its variables; @FILE: from there"},         \
        {"auth",                                                                               \
         0,                                                                                    \
         OPT_TEXT,                                                                             \
         offsetof(struct options, auth),                                                       \
         "HOW",                                                                                \
         "credentials for a URL: bearer:TOKEN, basic:USER:PASSWORD, header:NAME:VALUE or "     \
         "query:NAME:VALUE; a value may be {{ env.NAME }}"},                                   \
        {"pages",   0,                                                                         \
         OPT_COUNT, offsetof(struct options, pages),                                           \
         "N",       "pages of a URL to read, to be sure of how they follow (5)"},              \
        {"key",    0,                                                                          \
         OPT_TEXT, offsetof(struct options, key),                                              \
         "FIELDS", "the key of a URL's records; found by itself if absent"},                   \
        {"allow-http", 0,                                                                      \
         OPT_FLAG,     offsetof(struct options, allow_http),                                   \
         NULL,         "a URL may be http on another host than this one"},                     \
    {                                                                                          \
        "allow-private", 0, OPT_FLAG, offsetof(struct options, allow_private), NULL,           \
            "a URL's host may have an address of a private network"                            \
    }

#endif
