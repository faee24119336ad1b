#include <curl/curl.h>
#include <jansson.h>
#include <libpq-fe.h>

#include "base/macros.h"

/*
 * `curl_copy URL TABLE`: what one writes in C: each page with libcurl, read by jansson, its
 * records as the text of COPY, one transaction. It takes care of no error but to stop.
 */
struct text {
    char *bytes;
    size_t len, size;
};

static const char *const fields[] = {"id",         "uuid",       "code",     "name",    "email",
                                     "status",     "active",     "quantity", "price",   "ratio",
                                     "created_at", "updated_at", "due_on",   "address", "note"};

static void stop(const char *what)
{
    fprintf(stderr, "curl_copy: %s\n", what);
    exit(1);
}

static void put(struct text *text, const char *bytes, size_t len)
{
    if (text->len + len > text->size) {
        text->size = MAX(text->size * 2, text->len + len + 4096);
        text->bytes = realloc(text->bytes, text->size);
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    put(ctx, data, size * count);
    return size * count;
}

static void put_escaped(struct text *row, const char *value)
{
    for (; *value; value++) {
        if (*value == '\\' || *value == '\t' || *value == '\n')
            put(row, "\\", 1);
        put(row, value, 1);
    }
}

static void put_field(struct text *row, const json_t *value)
{
    if (json_is_string(value)) {
        put_escaped(row, json_string_value(value));
        return;
    }
    char *spelt = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
    put_escaped(row, spelt);
    free(spelt);
}

static void copy_page(PGconn *conn, const json_t *records, struct text *row)
{
    row->len = 0;
    for (size_t i = 0; i < json_array_size(records); i++) {
        for (size_t j = 0; j < COUNT_OF(fields); j++) {
            put_field(row, json_object_get(json_array_get(records, i), fields[j]));
            put(row, j + 1 < COUNT_OF(fields) ? "\t" : "\n", 1);
        }
    }
    if (PQputCopyData(conn, row->bytes, (int)row->len) != 1)
        stop(PQerrorMessage(conn));
}

static json_t *get_page(CURL *curl, const char *url, json_int_t page, struct text *body)
{
    char address[1024];
    json_error_t error;
    snprintf(address, sizeof address, "%s?page=%lld", url, (long long)page);
    body->len = 0;
    curl_easy_setopt(curl, CURLOPT_URL, address);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (curl_easy_perform(curl))
        stop("the page does not come");
    json_t *root = json_loadb(body->bytes, body->len, 0, &error);
    if (!root)
        stop(error.text);
    return root;
}

static void copy_all(CURL *curl, PGconn *conn, const char *url)
{
    struct text body = {0}, row = {0};
    json_int_t pages = 1;
    for (json_int_t page = 1; page <= pages; page++) {
        json_t *root = get_page(curl, url, page, &body);
        pages = json_integer_value(json_object_get(root, "pages"));
        copy_page(conn, json_object_get(root, "data"), &row);
        json_decref(root);
    }
    free(body.bytes);
    free(row.bytes);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    CURL *curl = curl_easy_init();
    PGconn *conn = PQconnectdb("");
    char sql[256];
    snprintf(sql, sizeof sql, "copy %s from stdin", argv[2]);
    PGresult *began = PQexec(conn, sql);
    if (!curl || PQresultStatus(began) != PGRES_COPY_IN)
        stop(PQerrorMessage(conn));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    copy_all(curl, conn, argv[1]);
    PQputCopyEnd(conn, NULL);
    PGresult *ended = PQgetResult(conn);
    if (PQresultStatus(ended) != PGRES_COMMAND_OK)
        stop(PQerrorMessage(conn));
    PQclear(began);
    PQclear(ended);
    PQfinish(conn);
    curl_easy_cleanup(curl);
    return 0;
}
