#ifndef CLI_OPTION_WORDS_H
#define CLI_OPTION_WORDS_H

#include "base/opt.h"

/* Options of other programs, for opt_set_words: what is written here instead. */
extern const struct opt_word option_words[];

#endif
