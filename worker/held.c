#include "worker/held.h"

#include <assert.h>

#include "base/mem.h"

struct held *held_new(struct held_list *list, struct worker *worker, int64_t job)
{
    struct held *held = mem_alloc(sizeof *held);
    held->list = list;
    held->worker = worker;
    held->job = job;
    held->arena = arena_new();
    held->next = list->first;
    held->link = &list->first;
    if (held->next)
        held->next->link = &held->next;
    list->first = held;
    list->count++;
    return held;
}

static void held_free(struct held *held)
{
    *held->link = held->next;
    if (held->next)
        held->next->link = held->link;
    if (held->crawl)
        crawl_free(held->crawl);
    arena_free(held->arena);
    mem_free(held);
}

void held_begin(struct held *held, const struct crawl_env *env)
{
    const struct ownership_activation *activation = &held->activation;
    struct crawl_past past = {activation->request_hashes, activation->records_hashes,
                              activation->legs, activation->page_count};
    assert(!held->crawl && !held->is_over);
    held->crawl = crawl_new(env, activation->job, &past);
}

void held_end(struct held *held)
{
    struct held_list *list = held->list;
    assert(!held->is_over && list->count > 0);
    held->is_over = true;
    list->count--;
    if (held->calls == 0)
        held_free(held);
    if (list->count == 0)
        list->on_empty(list->ctx);
}

void held_say(struct held *held, enum queue_word word, int64_t delay_ms)
{
    held->calls += held->say == QUEUE_SILENT;
    held->say = word;
    held->delay_ms = delay_ms;
}

void held_release(struct held *held)
{
    assert(held->calls > 0);
    held->calls--;
    if (held->is_over && held->calls == 0)
        held_free(held);
}

void held_free_all(struct held_list *list)
{
    while (list->first)
        held_free(list->first);
}

struct held *held_find(const struct held_list *list, int64_t job)
{
    struct held *held = list->first;
    while (held && (held->job != job || held->is_over))
        held = held->next;
    return held;
}

struct held *held_find_crawl(const struct held_list *list, const struct crawl *crawl)
{
    struct held *held = list->first;
    while (held && held->crawl != crawl)
        held = held->next;
    return held;
}

bool held_is_crawling(const struct held *held)
{
    return held->crawl && !held->is_over;
}
