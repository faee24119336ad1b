#define SUITE_TIMEOUT 120
#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/rng.h"
#include "port/digest.h"
#include "tests/support/child.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/*
 * A server nobody here wrote: Debian's docker-registry. Its catalog is a list of plain strings,
 * paged by a relative Link header.
 */
enum { REPOSITORIES = 35, LOWEST_PORT = 20000, PORT_COUNT = 12700 };

static struct pagetide pagetide;
static struct arena *arena;
static pid_t registry;
static int port;

/* Sends one request, gives the whole answer. `headers` end with CRLF each. */
static struct str ask(const char *method, const char *target, const char *headers,
                      struct str body)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 10};
    AUTO_BUF(answer, MIB(1));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0) {
        dprintf(fd,
                "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n%s"
                "Content-Length: %zu\r\n\r\n%.*s",
                method, target, port, headers, body.len, STR_ARG(body));
        char piece[4096];
        for (ssize_t got; (got = recv(fd, piece, sizeof piece, 0)) > 0;)
            buf_put(&answer, (struct str){piece, (size_t)got});
    }
    close(fd);
    return arena_str(arena, buf_str(&answer));
}

static void expect_status(struct str answer, const char *status)
{
    ck_assert_msg(str_starts(answer, arena_printf(arena, "HTTP/1.1 %s", status)), "%.*s",
                  STR_ARG(answer));
}

static const char *config_file(void)
{
    pagetide_file(&pagetide, "registry.yml",
                  pagetide_text("version: 0.1\n"
                                "log: {level: error}\n"
                                "storage: {filesystem: {rootdirectory: %s/registry}}\n"
                                "http: {addr: \"127.0.0.1:%d\"}\n",
                                pagetide.dir, port));
    return pagetide_text("%s/registry.yml", pagetide.dir);
}

static bool launch(void)
{
    struct rng rng;
    rng_seed_random(&rng);
    port = LOWEST_PORT + (int)rng_below(&rng, PORT_COUNT);
    const char *file = config_file();
    registry = child_fork();
    ck_assert_int_ge(registry, 0);
    if (registry == 0) {
        int nowhere = open("/dev/null", O_RDWR);
        for (int i = 0; i < 3; i++)
            dup2(nowhere, i);
        execlp("docker-registry", "docker-registry", "serve", file, NULL);
        _exit(127);
    }
    int64_t deadline = pagetide_deadline(10000);
    while (clock_mono_ms() < deadline && waitpid(registry, NULL, WNOHANG) == 0) {
        if (str_starts(ask("GET", "/v2/", "", STR_NONE), STR("HTTP/1.1 200")))
            return true;
        usleep(20000);
    }
    kill(registry, SIGKILL);
    return false;
}

/* The upload's own address, as the server gives it. */
static const char *upload_address(const char *name)
{
    struct str answer = ask("POST", pagetide_text("/v2/%s/blobs/uploads/", name), "", STR_NONE);
    expect_status(answer, "202");
    const char *at = strcasestr(answer.ptr, "\r\nlocation: ");
    ck_assert_ptr_nonnull(at);
    const char *path = strstr(at, "/v2/");
    return arena_cstr(arena, (struct str){path, strcspn(path, "\r")});
}

static struct str digest_of(struct str content)
{
    unsigned char sum[DIGEST_SHA256_BYTES];
    digest_sha256(content, sum);
    struct str hex = digest_hex(arena, (struct str){(const char *)sum, sizeof sum});
    return arena_printf(arena, "sha256:%.*s", STR_ARG(hex));
}

static void put_blob(const char *name, struct str content)
{
    struct str digest = digest_of(content);
    expect_status(ask("PUT",
                      pagetide_text("%s&digest=sha256%%3A%.*s", upload_address(name),
                                    STR_ARG(str_slice(digest, 7, digest.len))),
                      "Content-Type: application/octet-stream\r\n", content),
                  "201");
}

static void put_repository(const char *name)
{
    static const char type[] = "application/vnd.docker.distribution.manifest.v2+json";
    struct str config = STR("{}");
    put_blob(name, config);
    struct str manifest = arena_printf(
        arena,
        "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":{\"mediaType\":"
        "\"application/vnd.docker.container.image.v1+json\",\"size\":%zu,\"digest\":\"%.*s\"},"
        "\"layers\":[]}",
        type, config.len, STR_ARG(digest_of(config)));
    expect_status(ask("PUT", pagetide_text("/v2/%s/manifests/latest", name),
                      pagetide_text("Content-Type: %s\r\n", type), manifest),
                  "201");
}

START_TEST(the_catalog_of_a_container_registry)
{
    arena = arena_new();
    pagetide_open(&pagetide);
    bool is_up = false;
    for (int attempt = 0; attempt < 5 && !is_up; attempt++)
        is_up = launch();
    ck_assert_msg(is_up, "docker-registry does not start (make deps)");
    for (int i = 1; i <= REPOSITORIES; i++)
        put_repository(pagetide_text("team/image-%02d", i));

    pagetide_source(&pagetide, "registry",
                    "source: registry\n"
                    "base_url: http://127.0.0.1:%d\n"
                    "streams:\n"
                    "  repositories:\n"
                    "    path: /v2/_catalog\n"
                    "    params: {n: 10}\n"
                    "    pagination: {type: link_header}\n"
                    "    merge_path: repositories\n"
                    "    table: repository\n",
                    port);
    struct pagetide_result got = pagetide_run(&pagetide, "sync registry.repositories --json");
    ck_assert_msg(got.code == 0, "%s%s", got.out, got.err);
    const char *line = pagetide_last_line(got.out);
    ck_assert_str_eq(pagetide_json(line, "pages"), "4");
    ck_assert_str_eq(pagetide_json(line, "records"), "35");
    ck_assert_str_eq(pagetide_sql(&pagetide,
                                  "select count(distinct value) || ' ' || min(value) || ' ' || "
                                  "max(value) from registry.repository"),
                     "35 team/image-01 team/image-35");
    kill(registry, SIGKILL);
    waitpid(registry, NULL, 0);
    pagetide_close(&pagetide);
    arena_free(arena);
}
END_TEST

SUITE("flow/registry", the_catalog_of_a_container_registry)
