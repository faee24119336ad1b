#ifndef CONFIG_FOREIGN_H
#define CONFIG_FOREIGN_H

#include "base/buf.h"
#include "config/key.h"

/*
 * Words that other tools have for what has another name here. Puts what to write instead,
 * "here it is merge_path: data.items", with the value of `node` where it can be taken over and
 * is no credential; false where the word is not known. `keys` is the list that lacks the word;
 * `level` as for keys_check.
 */
bool foreign_put(struct buf *buf, const struct keys *keys, const struct yaml_node *node,
                 unsigned level);

#endif
