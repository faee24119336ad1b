#define SUITE_TIMEOUT 850
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/docs.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/*
 * The images, built by the engine that is at hand, and run as docker-compose.yml hardens them:
 * on the host's network, where the private servers are. Where there is no engine they are
 * passed over.
 */
static struct pagetide pagetide;

/* Names of containers begin with $name; `image` is the script. */
static int shell(const char *command)
{
    int status =
        system(pagetide_text("set -e; name=pagetide-test-%d; image() { tools/image.sh \"$@\"; "
                             "}; { %s; } >&2",
                             (int)getppid(), command));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void must(const char *command)
{
    ck_assert_msg(shell(command) == 0, "%s", command);
}

static bool has_engine(void)
{
    return shell("image version >/dev/null") == 0;
}

static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    ck_assert(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    close(fd);
    return ntohs(at.sin_port);
}

START_TEST(they_are_built_and_small)
{
    if (!has_engine())
        return;
    must("image build >build/image.sizes 2>build/image.log || "
         "{ tail -n 40 build/image.log; false; }");
    must("cat build/image.sizes");
    must("test $(sed -n 's/^pagetide \\(.*\\) bytes$/\\1/p' build/image.sizes) -le 60000000");
    must("test $(sed -n 's/^pagetide-mock \\(.*\\) bytes$/\\1/p' build/image.sizes) -le "
         "60000000");
    must("rm build/image.sizes build/image.log");
}
END_TEST

START_TEST(there_is_the_program_and_what_it_needs)
{
    if (!has_engine())
        return;
    must(pagetide_text("test \"$(image run --rm pagetide --version)\" = \"$(%s/pagetide "
                       "--version)\"",
                       pagetide_build()));
    must("loader=$(ldd /bin/true | sed -n 's,^[[:space:]]*\\(/[^ ]*\\) (.*,\\1,p'); "
         "image run --rm --entrypoint $loader pagetide --list /usr/local/bin/pagetide "
         ">build/image.list && "
         "grep -q libcurl build/image.list && ! grep 'not found' build/image.list");
    must("rm build/image.list");
    must("! image run --rm --entrypoint /bin/sh pagetide -c true 2>/dev/null");
}
END_TEST

/* Nobody but root writes anywhere but to two folders, and scanners see all packages. */
START_TEST(the_root_is_hardened)
{
    if (!has_engine())
        return;
    must("mkdir -p build/image && image create --name $name-root pagetide >/dev/null && "
         "image export $name-root >build/image/root.tar && image rm $name-root >/dev/null");
    must("tar -tvf build/image/root.tar >build/image/root.list");
    must("test \"$(awk '$1 ~ /^[^lc].......w/ {print $1, $6}' build/image/root.list)\" = "
         "\"$(printf 'drwxrwxrwt tmp/\\ndrwxrwxrwt var/tmp/')\"");
    must("! grep -E '^-[rwx-]*s' build/image/root.list");
    must("! grep -E 'bin/(sh|bash|dash|perl|apt|dpkg|openssl|gcc)$' build/image/root.list");
    must("for file in $(sed -n 's, var/lib/dpkg/status.d/\\(.*\\)$, \\1,p' "
         "build/image/root.list | sed 's/.* //' | grep .); do "
         "grep -q \" usr/share/doc/$file/copyright\" build/image/root.list || "
         "{ echo no copyright of $file; exit 1; }; done");
    must("for package in libc6 libcurl4 libssl3 tzdata ca-certificates; do "
         "tar -xOf build/image/root.tar var/lib/dpkg/status.d/$package | grep -q ^Version:; "
         "done");
    must("rm build/image/root.*");
}
END_TEST

/* --- at work --- */

static void write_settings(int mock_port)
{
    const char *world = pagetide_read("docker/demo/sources/world.yaml");
    pagetide_file(&pagetide, "run/database_url", pagetide.database_url);
    pagetide_file(&pagetide, "run/redis_url", pagetide.redis_url);
    pagetide_file(&pagetide, "run/token", "t0ken");
    pagetide_source(
        &pagetide, "world", "%s",
        docs_replaced(str_from(world), "mock:8080", pagetide_text("127.0.0.1:%d", mock_port)));
    must(pagetide_text("chmod -R a+rX %s", pagetide.dir));
}

/* `options` are the engine's; the program's arguments follow the image. */
static void start(const char *options, const char *args)
{
    must(pagetide_text("image run %s -v $(realpath %s/run):/run/secrets:ro "
                       "-v $(realpath %s/sources):/etc/pagetide/sources:ro --tmpfs /var/tmp "
                       "-e PAGETIDE_DATABASE_URL_FILE=/run/secrets/database_url "
                       "-e PAGETIDE_REDIS_URL_FILE=/run/secrets/redis_url "
                       "-e PAGETIDE_TOKEN_FILE=/run/secrets/token pagetide %s >/dev/null",
                       options, pagetide.dir, pagetide.dir, args));
}

static void await_health(const char *service, int port)
{
    must(pagetide_text("for try in $(seq 100); do image exec $name-%s pagetide status --ready "
                       "--http 127.0.0.1:%d 2>/dev/null && exit 0; sleep 0.1; done; "
                       "image logs $name-%s; exit 1",
                       service, port, service));
}

START_TEST(they_serve_the_demo)
{
    if (!has_engine())
        return;
    int mock = free_port(), scheduler = free_port(), worker = free_port();
    pagetide_open_empty(&pagetide);
    mkdir(pagetide_text("%s/run", pagetide.dir), 0755);
    write_settings(mock);
    must(pagetide_text(
        "image run -d --name $name-mock pagetide-mock --all --port %d >/dev/null", mock));
    start("--rm", "migrate");
    start("-d --name $name-scheduler",
          pagetide_text("scheduler --http 127.0.0.1:%d", scheduler));
    start("-d --name $name-worker", pagetide_text("worker --http 127.0.0.1:%d", worker));
    await_health("scheduler", scheduler);
    await_health("worker", worker);
    pagetide_await(&pagetide, "3", 60000,
                   "select count(*) from pagetide.health where last_state = 'succeeded'");
    must("image exec $name-scheduler pagetide status | grep -q 'world.countries  last run "
         "succeeded'");
    must("image stop --time 25 $name-worker $name-scheduler >/dev/null");
    must("test \"$(image wait $name-worker $name-scheduler | tr '\\n' ' ')\" = '0 0 '");
    pagetide_close(&pagetide);
}
END_TEST

/* Also after a test that failed. */
START_TEST(no_container_is_left)
{
    if (!has_engine())
        return;
    must("for left in $(image ps -aq --filter name=$name); do image rm -f $left >/dev/null; "
         "done");
}
END_TEST

SUITE("image/image", they_are_built_and_small, there_is_the_program_and_what_it_needs,
      the_root_is_hardened, they_serve_the_demo, no_container_is_left)
