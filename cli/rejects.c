#include "cli/cli.h"
static int run_it(struct cli *cli) { (void)cli; return 0; }
const struct command command_rejects = {.name = "rejects", .operands = "", .summary = "x", .run = run_it};
