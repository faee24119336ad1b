#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#include <stdint.h>

#include "base/str.h"

/*
 * A place, by its name, where the fault tests let a process die as by `kill -9`: between two
 * steps that a crash must not tell apart. Does nothing here. The program that those tests run
 * (build/release/pagetide-faults) is linked with tests/fault/crash_points.c in its stead.
 *
 *   stream   whose page or job it is; empty where that is not known
 *   page     its number; 0 where there is none
 */
void crash_point(const char *name, struct str stream, int page);

#endif
