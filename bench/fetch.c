#include <curl/curl.h>

/*
 * `fetch URL LAST`: URL?page=1 … LAST, one after another over one connection, and nothing done
 * with what comes: the least time that reading these pages can take.
 */
static size_t drop(char *data, size_t size, size_t count, void *ctx)
{
    (void)data;
    (void)ctx;
    return size * count;
}

int main(int argc, char **argv)
{
    CURL *curl = argc == 3 ? curl_easy_init() : NULL;
    if (!curl)
        return 2;
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    CURLcode code = CURLE_OK;
    for (long page = 1; !code && page <= strtol(argv[2], NULL, 10); page++) {
        char url[1024];
        snprintf(url, sizeof url, "%s?page=%ld", argv[1], page);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        code = curl_easy_perform(curl);
    }
    if (code)
        fprintf(stderr, "fetch: %s\n", curl_easy_strerror(code));
    curl_easy_cleanup(curl);
    return code != CURLE_OK;
}
