#ifndef CLI_SYNC_URL_H
#define CLI_SYNC_URL_H

#include "cli/url_source.h"

/* `sync URL`: the stream of a definition that is found out first (url_source.h). */
bool sync_url_is_meant(const struct cli *cli);

/*
 * That stream alone. --save has written its definition when this returns. False after printing
 * what is wrong; *ret_code is what to exit with.
 */
bool sync_url_choose(struct cli *cli, struct stream ***ret_streams, size_t *ret_count,
                     int *ret_code) MUST_CHECK;

#endif
