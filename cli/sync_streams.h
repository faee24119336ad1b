#ifndef CLI_SYNC_STREAMS_H
#define CLI_SYNC_STREAMS_H

#include "cli/cli.h"

/*
 * Which streams `sync` is asked for: those named (cli/streams.h), each once, or with --all
 * every one of the folder, in the order of the files. The streams are in the command's arena.
 *
 * Also refuses what cannot be meant:
 *
 *     half a window
 *     a window together with --full, or for a stream whose definition does not ask for one
 *     --full without --again on a stream that appends: its records would be there twice
 *
 * SQL does the same for reload messages: if you change this, change pagetide.reload_refusal and
 * tests/tables/rules/windows.txt.
 *
 * A file with errors, which are printed, keeps the streams of no other file from being chosen.
 * *ret_is_whole is false where `--all` had to leave such files out.
 *
 * False after saying what is wrong: EXIT_USAGE.
 */
bool sync_streams_choose(struct cli *cli, struct stream ***ret_streams, size_t *ret_count,
                         bool *ret_is_whole) MUST_CHECK;

#endif
