#include "tests/support/nginx.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "tests/support/child.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"

enum { CONF_BYTES = 64 << 10, CONNECTIONS_MAX = 1000, ATTEMPTS = 10 };

/* One process, which needs no folder of the system and is no other's when the test dies. */
static const char head[] = "%s\n"
                           "%s\n"
                           "daemon off;\n"
                           "master_process off;\n"
                           "pid %%D/pid;\n"
                           "error_log %%D/error.log;\n"
                           "events { worker_connections 512; }\n"
                           "http {\n"
                           "    log_format test '$connection $server_protocol $status "
                           "$sent_http_content_encoding $request_uri';\n"
                           "    access_log %%D/access.log test;\n"
                           "    client_body_temp_path %%D/temp; proxy_temp_path %%D/temp;\n"
                           "    fastcgi_temp_path %%D/temp; uwsgi_temp_path %%D/temp;\n"
                           "    scgi_temp_path %%D/temp;\n"
                           "    default_type application/json;\n"
                           "    types {}\n"
                           "    %s\n"
                           "}\n";

static const char brotli[] = "/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so";

static const char *path_in(const struct nginx *nginx, const char *name)
{
    return pagetide_text("%s/%s", nginx->dir, name);
}

static void put_filled(struct buf *out, const struct nginx *nginx, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (at[0] == '%' && at[1] == 'D')
            buf_put(out, str_from(nginx->dir));
        else if (at[0] == '%' && at[1] == 'P')
            buf_printf(out, "%d", nginx->port);
        else
            buf_put_byte(out, *at);
        at += at[0] == '%' && (at[1] == 'D' || at[1] == 'P');
    }
}

void nginx_open(struct nginx *ret_nginx)
{
    *ret_nginx = (struct nginx){.dir = "/tmp/pagetide-nginx.XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(ret_nginx->dir));
    ret_nginx->port = servers_free_port();
}

static void launch(struct nginx *nginx)
{
    const char *leftovers = pagetide_text("rm -f '%s'/pid '%s'/*.sock", nginx->dir, nginx->dir);
    ck_assert_int_eq(system(leftovers), 0);
    nginx->pid = child_fork();
    ck_assert_int_ge(nginx->pid, 0);
    if (nginx->pid > 0)
        return;
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO); /* the log has it all */
    execlp("nginx", "nginx", "-e", path_in(nginx, "error.log"), "-c", path_in(nginx, "conf"),
           NULL);
    _exit(127);
}

/* It writes its number when it listens; it ends at once where it cannot. */
static bool await_start(struct nginx *nginx)
{
    for (int i = 0; i < 1000; i++) {
        if (*pagetide_read(path_in(nginx, "pid")))
            return true;
        if (waitpid(nginx->pid, NULL, WNOHANG) == nginx->pid) {
            nginx->pid = 0;
            return false;
        }
        usleep(10000);
    }
    nginx_kill(nginx);
    return false;
}

/* A port that was free a moment ago may have been given to somebody else's client. */
void nginx_restart(struct nginx *nginx)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        launch(nginx);
        if (await_start(nginx))
            return;
        usleep(200000);
    }
    ck_abort_msg("nginx does not start: %s",
                 pagetide_last_line(pagetide_read(path_in(nginx, "error.log"))));
}

void nginx_start(struct nginx *nginx, const char *http)
{
    const char *load = access(brotli, R_OK) ? "" : pagetide_text("load_module %s;", brotli);
    AUTO_BUF(conf, CONF_BYTES);
    put_filled(&conf, nginx, pagetide_text(head, load, getuid() ? "" : "user root;", http));
    FILE *file = fopen(path_in(nginx, "conf"), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(conf.ptr, 1, conf.len, file), conf.len);
    ck_assert_int_eq(fclose(file), 0);
    nginx_restart(nginx);
}

void nginx_kill(struct nginx *nginx)
{
    if (!nginx->pid)
        return;
    kill(nginx->pid, SIGKILL);
    waitpid(nginx->pid, NULL, 0);
    nginx->pid = 0;
}

void nginx_close(struct nginx *nginx)
{
    nginx_kill(nginx);
    ck_assert_int_eq(system(pagetide_text("rm -r '%s'", nginx->dir)), 0);
}

const char *nginx_log(const struct nginx *nginx)
{
    return pagetide_read(path_in(nginx, "access.log"));
}

int nginx_connections(const struct nginx *nginx)
{
    struct str seen[CONNECTIONS_MAX], line, rest = str_from(nginx_log(nginx));
    int count = 0;
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        struct str number;
        str_split(line, ' ', &number);
        int at = 0;
        while (at < count && !str_eq(seen[at], number))
            at++;
        ck_assert_int_lt(at, CONNECTIONS_MAX);
        seen[at] = number;
        count = MAX(count, at + 1);
    }
    return count;
}
