#ifndef WORKER_PAGING_ONLY_LIST_H
#define WORKER_PAGING_ONLY_LIST_H

#include "worker/paging/pager.h"

/*
 * Where a definition names no merge_path, and the body is an object that tells of its paging (a
 * next link, a cursor, a flag), the records are in a list of it rather than the body itself.
 */
enum only_list {
    ONLY_LIST_NONE,    /* no list of objects, or nothing tells of paging: the body is the record */
    ONLY_LIST_ONE,     /* *ret_names is its path */
    ONLY_LIST_SEVERAL, /* *ret_names names some, for people */
};

/* `response` in facts->scope is the whole body. *ret_names is in the arena. */
enum only_list only_list_find(const struct pager_facts *facts, struct arena *arena,
                              struct str *ret_names);

#endif
