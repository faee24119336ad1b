#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include "base/buf.h"
#include "cli/cli.h"

/*
 * The script by which a shell completes commands, options, their values and the names of
 * streams. It is made from the tables of the commands. For names of streams it runs
 * `pagetide completion streams` with the -c of the line.
 *
 *   cli   commands, common_opts and setting_opts are read
 */
void completion_put_bash(struct buf *out, const struct cli *cli);
void completion_put_zsh(struct buf *out, const struct cli *cli);
void completion_put_fish(struct buf *out, const struct cli *cli);

#endif
