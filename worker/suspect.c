#include "worker/worker_internal.h"

/*
 * The page of a job that has lost a worker. It is written down that the page is at hand before
 * it is cut, and that it is not, when nothing has been done to it here for so long: then it is
 * PostgreSQL that works, or waits for a lock. A page that kills its worker does so at once.
 */
enum { IDLE_MS = 50 };

static void on_entered(void *ctx, const struct err *err)
{
    if (err && err->kind == ERR_STOPPED)
        return; /* the worker is being freed, and its jobs before its session */
    struct held *held = ctx;
    held->has_page = !err;
    loop_timer_set(held->worker->page_timer, IDLE_MS);
    if (held_is_crawling(held))
        crawl_ready(held->crawl, err);
    held_release(held);
}

void suspect_enter(void *ctx, struct crawl *crawl)
{
    struct worker *worker = ctx;
    struct held *held = held_find_crawl(&worker->held, crawl);
    held->calls++;
    ownership_enter_page(worker->pg, crawl_job(crawl), on_entered, held);
}

static bool is_committed(const struct held *held)
{
    return crawl_stats(held->crawl).pages > held->activation.job->page;
}

void suspect_look(void *ctx)
{
    struct worker *worker = ctx;
    for (struct held *held = worker->held.first; held; held = held->next) {
        if (!held->has_page || !held_is_crawling(held))
            continue;
        if (crawl_is_cutting(held->crawl)) {
            loop_timer_set(worker->page_timer, IDLE_MS);
            continue;
        }
        held->has_page = false;
        if (!is_committed(held))
            ownership_leave_page(worker->pg, crawl_job(held->crawl));
    }
}
