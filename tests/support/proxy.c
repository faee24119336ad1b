#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "tests/support/child.h"
#include "tests/support/mock.h"

enum { PIECE_BYTES = 16 << 10, LINKS_MAX = 512, TICK_MS = 20, TAIL_BYTES = 64 };

/* `turn` is odd while the rules are being written. */
struct proxy_shared {
    atomic_uint turn;
    struct proxy_rules rules;
    atomic_int cuts_wanted, resets_wanted, forgets_wanted;
    atomic_int done; /* of these three, all together */
    atomic_llong connections, bytes, cuts;
};

/*
 * One direction of a connection: a piece is read, waits until it is due, and is written.
 */
struct flow {
    bool is_down; /* to the client */
    char bytes[PIECE_BYTES];
    size_t len, sent;
    int64_t due_mono_ms;  /* of the piece */
    int64_t next_mono_ms; /* no sooner is another one read */
    int64_t passed;
    char tail[TAIL_BYTES + PIECE_BYTES]; /* what passed last, for patterns over two pieces */
    size_t tail_len;
    bool is_over; /* the reader's end came */
    bool is_last; /* the connection ends behind this piece */
};

/* `client` is -1 where the client has gone and the server is not told. */
struct link {
    int client, server;
    struct flow up, down;
    bool is_forgotten;
};

struct relay {
    struct proxy_shared *shared;
    struct proxy_rules rules;
    int listen_fd, server_port;
    struct link *links[LINKS_MAX];
    size_t count;
    struct rng rng;
    int cuts_done, resets_done, forgets_done, cut_by_pattern;
};

/* --- the child --- */

static void read_rules(struct relay *relay)
{
    struct proxy_shared *shared = relay->shared;
    for (;;) {
        unsigned before = atomic_load(&shared->turn);
        memcpy(&relay->rules, &shared->rules, sizeof relay->rules);
        if (before % 2 == 0 && before == atomic_load(&shared->turn))
            return;
    }
}

static void end_socket(int fd, bool by_reset)
{
    struct linger now = {.l_onoff = 1};
    if (fd < 0)
        return;
    if (by_reset)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static void link_end(struct relay *relay, size_t at, bool by_reset)
{
    struct link *link = relay->links[at];
    end_socket(link->client, by_reset);
    end_socket(link->server, by_reset);
    mem_free(link);
    relay->links[at] = relay->links[--relay->count];
}

static void link_cut(struct relay *relay, size_t at, bool by_reset)
{
    atomic_fetch_add(&relay->shared->cuts, 1);
    link_end(relay, at, by_reset);
}

static int dial(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static void accept_one(struct relay *relay)
{
    int on = 1;
    int client = accept4(relay->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    atomic_fetch_add(&relay->shared->connections, 1);
    int server =
        relay->rules.is_refused || relay->count == LINKS_MAX ? -1 : dial(relay->server_port);
    if (server < 0) {
        end_socket(client, true);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct link *link = mem_alloc(sizeof *link);
    link->client = client;
    link->server = server;
    link->down.is_down = true;
    relay->links[relay->count++] = link;
}

/* Whether the pattern ends in this piece. */
static bool has_pattern(const struct relay *relay, struct flow *flow)
{
    size_t size = strlen(relay->rules.cut_at);
    if (!size || (relay->rules.cut_times && relay->cut_by_pattern >= relay->rules.cut_times))
        return false;
    memcpy(flow->tail + flow->tail_len, flow->bytes, flow->len);
    size_t whole = flow->tail_len + flow->len;
    bool found = memmem(flow->tail, whole, relay->rules.cut_at, size) != NULL;
    size_t kept = whole < TAIL_BYTES ? whole : TAIL_BYTES;
    memmove(flow->tail, flow->tail + whole - kept, kept);
    flow->tail_len = kept;
    return found;
}

static int64_t delay_of(struct relay *relay)
{
    const struct proxy_rules *rules = &relay->rules;
    bool is_late =
        rules->stall_percent && rng_below(&relay->rng, 100) < (uint64_t)rules->stall_percent;
    return rules->latency_ms + (is_late ? rules->stall_ms : 0);
}

static size_t most_of(const struct proxy_rules *rules, const struct flow *flow, bool is_down)
{
    int64_t most = rules->slice_bytes ? MIN(rules->slice_bytes, PIECE_BYTES) : PIECE_BYTES;
    if (is_down && rules->limit_bytes)
        most = MIN(most, MAX(rules->limit_bytes - flow->passed, 1));
    return (size_t)most;
}

/* False: nothing more will come. */
static bool flow_read(struct relay *relay, struct flow *flow, int from, bool is_dropped)
{
    bool is_down = flow->is_down;
    size_t most = most_of(&relay->rules, flow, is_down);
    ssize_t got = recv(from, flow->bytes, most, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got <= 0)
        return false;
    atomic_fetch_add(&relay->shared->bytes, got);
    if (is_dropped)
        return true;
    flow->len = (size_t)got;
    flow->sent = 0;
    flow->passed += got;
    flow->due_mono_ms = clock_mono_ms() + delay_of(relay);
    flow->next_mono_ms = 0;
    if (relay->rules.bytes_per_s)
        flow->next_mono_ms = clock_mono_ms() + got * 1000 / relay->rules.bytes_per_s;
    if (is_down && relay->rules.limit_bytes && flow->passed >= relay->rules.limit_bytes)
        flow->is_last = true;
    if (has_pattern(relay, flow)) {
        relay->cut_by_pattern++;
        flow->is_last = true;
        flow->len = is_down ? 0 : flow->len;
    }
    return true;
}

/* False: whom it was for is gone. */
static bool flow_write(struct flow *flow, int to)
{
    ssize_t put =
        send(to, flow->bytes + flow->sent, flow->len - flow->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0)
        return errno == EAGAIN || errno == EINTR;
    flow->sent += (size_t)put;
    if (flow->sent == flow->len)
        flow->len = 0;
    return true;
}

static bool may_read(const struct flow *flow, int64_t now)
{
    return !flow->len && !flow->is_over && now >= flow->next_mono_ms;
}

static bool may_write(const struct flow *flow, int64_t now)
{
    return flow->len && now >= flow->due_mono_ms;
}

/* One direction's turn. False: the link has to end. */
static bool flow_turn(struct relay *relay, struct flow *flow, int from, int to, bool is_dropped)
{
    int64_t now = clock_mono_ms();
    if (from >= 0 && may_read(flow, now) && !flow_read(relay, flow, from, is_dropped))
        flow->is_over = true;
    if (flow->len && is_dropped)
        flow->len = 0;
    if (to >= 0 && may_write(flow, now) && !flow_write(flow, to))
        return false;
    return !(flow->is_over && !flow->len);
}

static bool is_cut(const struct flow *flow)
{
    return flow->is_last && !flow->len;
}

/* False where the link is no more. */
static bool link_turn(struct relay *relay, size_t at)
{
    struct link *link = relay->links[at];
    const struct proxy_rules *rules = &relay->rules;
    bool drops_up = rules->drops_up || link->is_forgotten;
    bool drops_down = rules->drops_down || link->is_forgotten;
    bool up = flow_turn(relay, &link->up, link->client, link->server, drops_up);
    bool down = flow_turn(relay, &link->down, link->server, link->client, drops_down);
    if (is_cut(&link->up) || is_cut(&link->down)) {
        link_cut(relay, at, rules->ends_by_reset);
        return false;
    }
    if (!up && link->client >= 0 && drops_up) {
        close(link->client);
        link->client = -1;
    }
    if ((!up && !drops_up) || (!down && !drops_down)) {
        link_end(relay, at, rules->ends_by_reset);
        return false;
    }
    return true;
}

static void obey(struct relay *relay)
{
    struct proxy_shared *shared = relay->shared;
    for (; relay->cuts_done < atomic_load(&shared->cuts_wanted); relay->cuts_done++)
        while (relay->count)
            link_cut(relay, 0, false);
    for (; relay->resets_done < atomic_load(&shared->resets_wanted); relay->resets_done++)
        while (relay->count)
            link_cut(relay, 0, true);
    for (; relay->forgets_done < atomic_load(&shared->forgets_wanted); relay->forgets_done++)
        for (size_t i = 0; i < relay->count; i++)
            relay->links[i]->is_forgotten = true;
    atomic_store(&shared->done, relay->cuts_done + relay->resets_done + relay->forgets_done);
}

static short wanted(const struct flow *in, const struct flow *out, int64_t now)
{
    return (short)((may_read(in, now) ? POLLIN : 0) | (may_write(out, now) ? POLLOUT : 0));
}

/* How long nothing can happen without a socket. */
static int64_t patience(int64_t most, const struct flow *flow, int64_t now)
{
    int64_t at = flow->len ? flow->due_mono_ms : flow->next_mono_ms;
    return at > now && at - now < most ? at - now : most;
}

static void await_something(struct relay *relay)
{
    static struct pollfd fds[2 * LINKS_MAX + 1];
    int64_t now = clock_mono_ms(), most = TICK_MS;
    nfds_t count = 0;
    fds[count++] = (struct pollfd){.fd = relay->listen_fd, .events = POLLIN};
    for (size_t i = 0; i < relay->count; i++) {
        struct link *link = relay->links[i];
        most = patience(patience(most, &link->up, now), &link->down, now);
        short client = wanted(&link->up, &link->down, now);
        short server = wanted(&link->down, &link->up, now);
        /* An fd that is not waited for would still wake us by its end, again and again. */
        fds[count++] = (struct pollfd){.fd = client ? link->client : -1, .events = client};
        fds[count++] = (struct pollfd){.fd = server ? link->server : -1, .events = server};
    }
    poll(fds, count, (int)most);
    if (fds[0].revents & POLLIN)
        accept_one(relay);
}

NORETURN static void relay_run(struct relay *relay)
{
    rng_seed(&relay->rng, 1);
    for (;;) {
        read_rules(relay);
        obey(relay);
        await_something(relay);
        read_rules(relay);
        for (size_t i = 0; i < relay->count;)
            i += link_turn(relay, i);
    }
}

/* --- the test's side --- */

void proxy_start(int server_port, struct proxy *ret_proxy)
{
    struct relay relay = {.server_port = server_port};
    *ret_proxy = (struct proxy){0};
    relay.shared = mmap(NULL, sizeof *relay.shared, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(relay.shared != MAP_FAILED);
    relay.listen_fd = mock_listen(0, &ret_proxy->port);
    pid_t pid = child_fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        relay_run(&relay);
    close(relay.listen_fd);
    ret_proxy->pid = pid;
    ret_proxy->shared = relay.shared;
}

void proxy_stop(struct proxy *proxy)
{
    if (proxy->pid <= 0)
        return;
    kill(proxy->pid, SIGKILL);
    waitpid(proxy->pid, NULL, 0);
    munmap(proxy->shared, sizeof *proxy->shared);
    proxy->pid = 0;
}

const struct proxy_rules proxy_black_hole = {.drops_up = true, .drops_down = true},
                         proxy_open_road = {0};

void proxy_set(struct proxy *proxy, struct proxy_rules rules)
{
    atomic_fetch_add(&proxy->shared->turn, 1);
    proxy->shared->rules = rules;
    atomic_fetch_add(&proxy->shared->turn, 1);
}

/* Until the child has done what was asked for. */
static void await_done(struct proxy_shared *shared)
{
    int asked = atomic_load(&shared->cuts_wanted) + atomic_load(&shared->resets_wanted) +
                atomic_load(&shared->forgets_wanted);
    int64_t deadline = clock_mono_ms() + 30000;
    while (atomic_load(&shared->done) < asked) {
        ck_assert_msg(clock_mono_ms() < deadline, "the proxy does not answer");
        usleep(1000);
    }
}

void proxy_cut(struct proxy *proxy, bool by_reset)
{
    struct proxy_shared *shared = proxy->shared;
    atomic_fetch_add(by_reset ? &shared->resets_wanted : &shared->cuts_wanted, 1);
    await_done(shared);
}

void proxy_forget(struct proxy *proxy)
{
    atomic_fetch_add(&proxy->shared->forgets_wanted, 1);
    await_done(proxy->shared);
}

int64_t proxy_connections(const struct proxy *proxy)
{
    return atomic_load(&proxy->shared->connections);
}

int64_t proxy_bytes(const struct proxy *proxy)
{
    return atomic_load(&proxy->shared->bytes);
}

int64_t proxy_cuts(const struct proxy *proxy)
{
    return atomic_load(&proxy->shared->cuts);
}
