#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stddef.h>

#include "base/opt.h"

/*
 * Moves the command to argv[1] where options come before it, so that `pagetide -c DIR sync …`
 * is `pagetide sync -c DIR …`. `tables` are those of the options that any command may have:
 * they say which options take the word after them. Without a command nothing is moved.
 */
void arguments_put_command_first(const struct opt *const *tables, size_t table_count, int argc,
                                 char **argv);

/*
 * Overwrites in place what `ps` must not show: the values of --database-url, --redis-url,
 * --token, --header and --auth, in each form that `opts`, the options of the command, take them
 * in; of every URL the user, the password and what follows '?' or '#'. Everything read from
 * argv must be a copy.
 */
void arguments_hide(const struct opt *opts, int argc, char **argv);

#endif
