#include "config/problem.h"

#include <stdarg.h>

enum { PROBLEMS_MAX = 100, TEXT_MAX_BYTES = 4096 };

static bool is_plain_key(struct str key)
{
    for (size_t i = 0; i < key.len; i++)
        if (strchr(" .[]'\"", key.ptr[i]))
            return false;
    return key.len > 0;
}

/* Containers deeper than YAML_DEPTH_MAX do not come out of the parser: the recursion is
 * bounded. */
static void put_path(struct buf *buf, const struct yaml_node *node)
{
    if (!node->parent)
        return;
    put_path(buf, node->parent);
    if (node->parent->kind == YAML_LIST)
        buf_printf(buf, "[%zu]", node->index);
    else if (is_plain_key(node->key))
        buf_printf(buf, "%s%.*s", buf->len ? "." : "", STR_ARG(node->key));
    else
        buf_printf(buf, "['%.*s']", STR_ARG(node->key));
}

static void put_line(struct problems *problems, struct str line)
{
    if (problems->count >= PROBLEMS_MAX || str_find(buf_str(problems->out), line) >= 0)
        return;
    if (problems->count++ == 0)
        problems->first = arena_str(problems->arena, str_trim(line));
    buf_put(problems->out, line);
}

static void put_place(struct buf *buf, const struct yaml_node *node, bool at_key)
{
    if (at_key && node->key_line)
        buf_printf(buf, "%d:%d:", node->key_line, node->key_column);
    else if (node->line) /* 0: not from a file */
        buf_printf(buf, "%d:%d:", node->line, node->column);
}

static bool is_in(const struct yaml_node *node, const struct yaml_node *root)
{
    while (node->parent)
        node = node->parent;
    return node == root;
}

static void add_at(struct problems *problems, const struct yaml_node *node, bool at_key,
                   const char *fmt, va_list args)
{
    char what[TEXT_MAX_BYTES];
    vsnprintf(what, sizeof what, fmt, args);
    AUTO_BUF(place, 64);
    put_place(&place, node, at_key);
    AUTO_BUF(path, TEXT_MAX_BYTES);
    put_path(&path, node);
    const struct problem_file *other = &problems->other;
    bool is_other = other->root && is_in(node, other->root);
    struct str file = is_other ? other->name : problems->file;
    put_line(problems,
             arena_printf(problems->arena, "%.*s:%.*s %.*s%s%s%s%.*s%s\n", STR_ARG(file),
                          STR_ARG(buf_str(&place)), STR_ARG(buf_str(&path)),
                          path.len ? ": " : "", what, is_other ? " (" : "",
                          STR_ARG(is_other ? other->because : STR_NONE), is_other ? ")" : ""));
}

void problem_add(struct problems *problems, const struct yaml_node *at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_at(problems, at, false, fmt, args);
    va_end(args);
}

void problem_add_key(struct problems *problems, const struct yaml_node *at, const char *fmt,
                     ...)
{
    va_list args;
    va_start(args, fmt);
    add_at(problems, at, true, fmt, args);
    va_end(args);
}

void problem_add_misfit(struct problems *problems, const struct yaml_node *at, const char *fmt,
                        ...)
{
    char what[TEXT_MAX_BYTES];
    AUTO_BUF(meant, KIB(1));
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    if (problems->put_meant)
        problems->put_meant(&meant, at);
    problem_add(problems, at, "%s%.*s", what, STR_ARG(buf_str(&meant)));
}

void problem_on_yaml(void *ctx, int line, int column, const char *what)
{
    struct problems *problems = ctx;
    put_line(problems, arena_printf(problems->arena, "%.*s:%d:%d: %s\n",
                                    STR_ARG(problems->file), line, column, what));
}

bool problems_to_err(const struct problems *problems, struct err *err)
{
    if (problems->count > 1)
        return err_set(err, ERR_CONFIG, "config", 0, "%.*s (and %zu more)",
                       STR_ARG(problems->first), problems->count - 1);
    return err_set(err, ERR_CONFIG, "config", 0, "%.*s", STR_ARG(problems->first));
}

int problem_distance(struct str written, struct str known, int max)
{
    if (written.len > 1 && written.len < known.len && str_starts(known, written))
        return MIN(1, max + 1);
    return str_distance(written, known, max);
}
