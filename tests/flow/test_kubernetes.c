#define SUITE_TIMEOUT 120
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "port/yaml.h"
#include "tests/support/docs.h"
#include "tests/support/pagetide.h"
#include "tests/support/suite.h"

/*
 * What deploy/kubernetes runs, run here, with what its manifests say: arguments, variables,
 * probes, volumes. A volume of a Secret or a ConfigMap is a folder of links, as a kubelet makes
 * it: shop.yaml → ..data/shop.yaml, ..data → ..1, and a change is another ..data.
 */
#define FOLDER "deploy/kubernetes/"

static struct pagetide pagetide;

static int run(const char *command)
{
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void must(const char *command)
{
    ck_assert_msg(run(command) == 0, "%s", command);
}

/* --- the manifests --- */

static struct yaml_node *read_manifest(const char *name)
{
    struct err err = ERR_INIT;
    struct yaml_node *root = NULL;
    struct str text = str_from(pagetide_read(pagetide_text(FOLDER "%s", name)));
    ck_assert_msg(text.len > 0, "no " FOLDER "%s", name);
    ck_assert_ok(yaml_parse(arena_new(), text, NULL, NULL, &root, &err), err);
    return root;
}

/* The node at "spec.template.spec.containers.0". */
static struct yaml_node *at(struct yaml_node *node, const char *path)
{
    struct str word, rest = str_from(path);
    while (rest.len) {
        rest = str_split(rest, '.', &word);
        int64_t index = 0;
        const char *key = pagetide_text("%.*s", STR_ARG(word));
        node = node->kind == YAML_LIST && str_to_int64(word, &index) ? node->items[index]
                                                                     : yaml_find(node, key);
        ck_assert_msg(node != NULL, "no %s in %s", key, path);
    }
    return node;
}

static const char *text_at(struct yaml_node *node, const char *path)
{
    return pagetide_text("%.*s", STR_ARG(at(node, path)->text));
}

static int64_t number_at(struct yaml_node *node, const char *path)
{
    int64_t number = 0;
    ck_assert(str_to_int64(at(node, path)->text, &number));
    return number;
}

static struct yaml_node *container_of(struct yaml_node *manifest)
{
    return at(manifest, "spec.template.spec.containers.0");
}

/* The arguments, with a port of their own. */
static const char *args_of(struct yaml_node *container)
{
    struct yaml_node *args = at(container, "args");
    const char *line = "";
    for (size_t i = 0; i < args->count; i++)
        line = pagetide_text("%s%s%.*s", line, i ? " " : "", STR_ARG(args->items[i]->text));
    line = docs_replaced(str_from(line), ":9187", ":0");
    return docs_replaced(str_from(line), ":9188", ":0");
}

/* --- a cluster's part --- */

/* Makes the file of a volume, or gives it another text. */
static void mount_file(const char *volume, const char *file, const char *text)
{
    static int version;
    const char *dir = pagetide_text("%s/%s", pagetide.dir, volume);
    const char *data = pagetide_text("..%d", ++version);
    must(pagetide_text("mkdir -p %s/%s && cp -a %s/..data/. %s/%s 2>/dev/null || true", dir,
                       data, dir, dir, data));
    pagetide_file(&pagetide, pagetide_text("%s/%s/%s", volume, data, file), text);
    must(pagetide_text("cd %s && ln -s %s ..new && mv -T ..new ..data && "
                       "{ test -L %s || ln -s ..data/%s %s; }",
                       dir, data, file, file, file));
}

static void mount_secrets(void)
{
    mount_file("run/secrets/pagetide", "database_url", pagetide.database_url);
    mount_file("run/secrets/pagetide", "redis_url", pagetide.redis_url);
    mount_file("run/secrets/pagetide", "token", "t0ken");
    mount_file("run/secrets/sources", "shop", "s3cret");
}

/* The variables, their paths below the test's folder, except the form of the log. */
static void use_variables(struct yaml_node *container)
{
    struct yaml_node *env = at(container, "env");
    for (size_t i = 0; i < env->count; i++)
        setenv(text_at(env->items[i], "name"),
               docs_replaced(str_from(text_at(env->items[i], "value")), "/run/",
                             pagetide_text("%s/run/", pagetide.dir)),
               1);
    unsetenv("PAGETIDE_LOG_FORMAT");
}

static struct pagetide_process start(const char *manifest)
{
    struct yaml_node *container = container_of(read_manifest(manifest));
    use_variables(container);
    return pagetide_spawn(&pagetide, "%s", args_of(container));
}

/* As a kubelet asks: by the pod's address, and without a token. */
static const char *ask(int port, const char *path)
{
    return pagetide_http_talk(port, pagetide_text("GET %s HTTP/1.1\r\nHost: 10.0.0.7:%d\r\n"
                                                  "Connection: close\r\n\r\n",
                                                  path, port));
}

static void await_probes(struct pagetide_process *process, const char *manifest)
{
    static const char *const probes[] = {"livenessProbe.httpGet.path",
                                         "readinessProbe.httpGet.path"};
    struct yaml_node *container = container_of(read_manifest(manifest));
    int port = pagetide_http_port(process, 10000);
    for (size_t i = 0; i < COUNT_OF(probes); i++) {
        const char *answer = "", *path = text_at(container, probes[i]);
        for (int tries = 0; tries < 200 && strncmp(answer, "HTTP/1.1 200", 12); tries++) {
            answer = ask(port, path);
            usleep(50000);
        }
        ck_assert_msg(!strncmp(answer, "HTTP/1.1 200", 12), "%s: %s", path, answer);
    }
    ck_assert_msg(strncmp(ask(port, "/metrics"), "HTTP/1.1 401", 12) == 0, "%s",
                  ask(port, "/metrics"));
}

static void mount_definition(const char *stream)
{
    mount_file("sources", "shop.yaml",
               pagetide_text("source: shop\nbase_url: http://127.0.0.1:9\nstreams:\n"
                             "  %s: {path: /x, headers: {X: '{{ secrets.shop }}'}}\n",
                             stream));
}

START_TEST(it_runs_by_its_manifests)
{
    pagetide_open_empty(&pagetide);
    mount_secrets();
    mount_definition("orders");
    unsetenv("PAGETIDE_DATABASE_URL");
    unsetenv("PAGETIDE_REDIS_URL");
    unsetenv("PAGETIDE_HTTP");
    struct pagetide_process migrate = start("migrate.yaml");
    ck_assert_msg(pagetide_wait(&migrate, 60000) == 0, "%s", pagetide_err(&migrate));
    struct pagetide_process scheduler = start("scheduler.yaml"), worker = start("worker.yaml");
    await_probes(&scheduler, "scheduler.yaml");
    await_probes(&worker, "worker.yaml");
    pagetide_await(&pagetide, "shop.orders", 10000, "select name from pagetide.stream");
    mount_definition("customers");
    pagetide_await(&pagetide, "2", 10000, "select count(*) from pagetide.stream");
    pagetide_signal(&worker, SIGTERM);
    pagetide_signal(&scheduler, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&worker, 25000), 0);
    ck_assert_int_eq(pagetide_wait(&scheduler, 25000), 0);
    expect_lacks(pagetide_err(&worker), "config.missing");
    expect_lacks(pagetide_err(&scheduler), "PAGETIDE_");
    pagetide_close(&pagetide);
}
END_TEST

/* --- what the program does not see --- */

static const char *const pods[] = {"migrate.yaml", "scheduler.yaml", "worker.yaml"};
static const char *const services[] = {"scheduler", "worker"};

START_TEST(a_pod_has_few_rights)
{
    for (size_t i = 0; i < COUNT_OF(pods); i++) {
        struct yaml_node *pod = at(read_manifest(pods[i]), "spec.template.spec");
        struct yaml_node *container = at(pod, "containers.0");
        ck_assert_str_eq(text_at(pod, "automountServiceAccountToken"), "false");
        ck_assert_str_eq(text_at(pod, "securityContext.runAsNonRoot"), "true");
        ck_assert_str_eq(text_at(pod, "securityContext.seccompProfile.type"), "RuntimeDefault");
        ck_assert_str_eq(text_at(container, "securityContext.allowPrivilegeEscalation"),
                         "false");
        ck_assert_str_eq(text_at(container, "securityContext.readOnlyRootFilesystem"), "true");
        ck_assert_str_eq(text_at(container, "securityContext.capabilities.drop.0"), "ALL");
        ck_assert_ptr_nonnull(strstr(pagetide_read("Dockerfile"),
                                     pagetide_text("USER %s\nENTRYPOINT [\"pagetide\"]",
                                                   text_at(pod, "securityContext.runAsUser"))));
    }
}
END_TEST

START_TEST(a_worker_has_time_to_drain)
{
    for (size_t i = 0; i < COUNT_OF(services); i++) {
        struct yaml_node *pod =
            at(read_manifest(pagetide_text("%s.yaml", services[i])), "spec.template.spec");
        ck_assert_int_gt(number_at(pod, "terminationGracePeriodSeconds"), 25 + 5);
    }
}
END_TEST

/* Ports, labels, volumes, names of others. */
static void check_selects(struct yaml_node *selector, struct yaml_node *labels)
{
    for (size_t i = 0; i < selector->count; i++) {
        struct str key = selector->items[i]->key;
        struct yaml_node *label = yaml_find(labels, pagetide_text("%.*s", STR_ARG(key)));
        ck_assert_msg(label && str_eq(label->text, selector->items[i]->text), "%.*s",
                      STR_ARG(key));
    }
}

static void check_volumes(struct yaml_node *pod)
{
    struct yaml_node *mounts = at(pod, "containers.0.volumeMounts"), *all = at(pod, "volumes");
    ck_assert_uint_eq(mounts->count, all->count);
    for (size_t i = 0; i < mounts->count; i++) {
        size_t found = 0;
        for (size_t j = 0; j < all->count; j++)
            found += !strcmp(text_at(mounts->items[i], "name"), text_at(all->items[j], "name"));
        ck_assert_msg(found == 1, "%s", text_at(mounts->items[i], "name"));
    }
}

START_TEST(the_manifests_fit_each_other)
{
    struct yaml_node *service = read_manifest("scheduler-service.yaml");
    for (size_t i = 0; i < COUNT_OF(services); i++) {
        struct yaml_node *all = read_manifest(pagetide_text("%s.yaml", services[i]));
        struct yaml_node *budget = read_manifest(pagetide_text("%s-budget.yaml", services[i]));
        struct yaml_node *labels = at(all, "spec.template.metadata.labels");
        const char *port = text_at(container_of(all), "ports.0.containerPort");
        check_selects(at(all, "spec.selector.matchLabels"), labels);
        check_selects(at(budget, "spec.selector.matchLabels"), labels);
        ck_assert_ptr_nonnull(
            strstr(text_at(container_of(all),
                           pagetide_text("args.%zu", at(container_of(all), "args")->count - 1)),
                   pagetide_text(":%s", port)));
        if (i == 0)
            check_selects(at(service, "spec.selector"), labels);
    }
    for (size_t i = 0; i < COUNT_OF(pods); i++)
        check_volumes(at(read_manifest(pods[i]), "spec.template.spec"));
}
END_TEST

START_TEST(workers_scale_by_a_metric_that_exists)
{
    struct yaml_node *scale = read_manifest("worker-scale.yaml");
    struct yaml_node *container = container_of(read_manifest("worker.yaml"));
    struct yaml_node *trigger = at(scale, "spec.triggers.0.metadata");
    ck_assert_str_eq(text_at(scale, "spec.scaleTargetRef.name"),
                     text_at(read_manifest("worker.yaml"), "metadata.name"));
    const char *query = text_at(trigger, "query"), *metric = strstr(query, "pagetide_");
    ck_assert_ptr_nonnull(metric);
    must(pagetide_text("%s/pagetide config metrics | grep -q '^ *%.*s '", pagetide_build(),
                       (int)strcspn(metric, "{"), metric));
    /* A worker must have room for what it is started for. */
    ck_assert_str_eq(text_at(container, "args.1"), "--jobs");
    ck_assert_int_lt(number_at(trigger, "threshold"), number_at(container, "args.2"));
}
END_TEST

START_TEST(kubectl_takes_the_folder)
{
    if (run("command -v kubectl >/dev/null 2>&1") != 0)
        fprintf(stderr, "passed over: no kubectl here\n");
    else
        must("test $(kubectl kustomize " FOLDER " | grep -c '^kind:') = 6");
}
END_TEST

SUITE("flow/kubernetes", it_runs_by_its_manifests, a_pod_has_few_rights,
      a_worker_has_time_to_drain, the_manifests_fit_each_other,
      workers_scale_by_a_metric_that_exists, kubectl_takes_the_folder)
