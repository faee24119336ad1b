#include "port/pg_url.h"

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/mem.h"

enum { SHOWN_BYTES_MAX = 4096 };

/*
 * libpq ends user and password at the first `@` or `/`. After a second `@`, or one after the
 * first `/`, a part of the password would be taken for a host, a port or a database, and said
 * in its messages. In a query an `@` is a value's.
 */
static bool has_open_password(struct str url)
{
    ptrdiff_t scheme = str_find(url, STR("://"));
    struct str rest = str_slice(url, (size_t)scheme + 3, url.len), before;
    if (scheme < 0)
        return false;
    struct str after = str_split(rest, '@', &before);
    if (!after.ptr)
        return false;
    if (str_find_byte(after, '@') >= 0)
        return true;
    return str_find_byte(before, '/') >= 0 && str_find_byte(before, '?') < 0;
}

static bool are_ports(struct str ports)
{
    struct str port;
    int64_t number;
    do {
        ports = str_split(ports, ',', &port);
        if (port.len && !str_to_int64(port, &number))
            return false;
    } while (ports.ptr);
    return true;
}

bool pg_url_parse(const char *url, struct _PQconninfoOption **ret_options, struct err *err)
{
    char *why = NULL;
    if (has_open_password(str_from(url)))
        return err_set(err, ERR_CONFIG, "pg", 0,
                       "the database URL: in a user or password write @ as %%40 and / as "
                       "%%2F");
    /* libpq's own words about a bad URL quote it, password and all. */
    mem_watch();
    PQconninfoOption *options = PQconninfoParse(url, &why);
    mem_check();
    PQfreemem(why);
    if (!options)
        return err_set(err, ERR_CONFIG, "pg", 0,
                       "the database URL is neither postgresql://… nor key=value pairs");
    if (!are_ports(str_from(pg_url_option(options, "port")))) {
        PQconninfoFree(options);
        return err_set(err, ERR_CONFIG, "pg", 0, "the database URL: the port is no number");
    }
    *ret_options = options;
    return true;
}

const char *pg_url_option(const struct _PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *option = options; option->keyword; option++)
        if (strcmp(option->keyword, keyword) == 0)
            return option->val;
    return NULL;
}

/* Each host of a list with its port; one port is that of all. */
static void put_hosts(struct buf *shown, struct str hosts, struct str ports)
{
    bool is_list = str_find(ports, STR(",")) >= 0;
    struct str host, port = ports;
    for (bool is_first = true; is_first || hosts.len; is_first = false) {
        hosts = str_split(hosts, ',', &host);
        if (is_list)
            ports = str_split(ports, ',', &port);
        buf_printf(shown, "%s%.*s", is_first ? "" : ",", STR_ARG(host));
        if (port.len)
            buf_printf(shown, ":%.*s", STR_ARG(port));
    }
}

const char *pg_url_shown(struct arena *arena, const char *url)
{
    PQconninfoOption *options;
    struct err ignored = ERR_INIT;
    AUTO_BUF(shown, SHOWN_BYTES_MAX);
    if (!pg_url_parse(url, &options, &ignored))
        return "the server of database_url";
    const char *host = pg_url_option(options, "host"), *port = pg_url_option(options, "port");
    const char *name = pg_url_option(options, "dbname");
    bool is_socket = host && *host == '/';
    if (!host)
        host = pg_url_option(options, "hostaddr");
    buf_puts(&shown, "postgresql://");
    put_hosts(&shown, host && !is_socket ? str_from(host) : STR_NONE,
              port ? str_from(port) : STR_NONE);
    buf_printf(&shown, "/%s%s%s", name ? name : "", is_socket ? "?host=" : "",
               is_socket ? host : "");
    PQconninfoFree(options);
    return arena_str(arena, buf_str(&shown)).ptr;
}
