#include "base/opt.h"

#include <string.h>

#include "base/str.h"
#include "base/units.h"

enum { NEAR_ENOUGH = 2 };

struct parse {
    const struct opt *table;
    void *target;
    int argc, next; /* next: index in argv */
    char **argv;
    struct err *err;
};

static bool refuse(struct parse *parse, const struct opt *opt, const char *why)
{
    return err_set(parse->err, ERR_CONFIG, "opt", 0, "--%s %s", opt->name, why);
}

/* --- finding --- */

static const struct opt *find_name(const struct opt *table, struct str name)
{
    for (const struct opt *opt = table; opt->name; opt++)
        if (str_is(name, opt->name))
            return opt;
    return NULL;
}

static const struct opt *find_letter(const struct opt *table, char letter)
{
    for (const struct opt *opt = table; opt->name; opt++)
        if (opt->letter == letter)
            return opt;
    return NULL;
}

static const struct opt_word *all_words;

void opt_set_words(const struct opt_word *words)
{
    all_words = words;
}

static const struct opt_word *find_word(const struct opt *table, struct str name)
{
    for (const struct opt_word *word = all_words; word && word->words; word++)
        if (str_is_among(name, word->words) &&
            (!word->option || find_name(table, str_from(word->option))))
            return word;
    return NULL;
}

static bool refuse_word(struct parse *parse, const char *dashes, struct str name,
                        const struct opt_word *word)
{
    return err_set(parse->err, ERR_CONFIG, "opt", 0, "unknown option %s%.*s; here it is %s%s",
                   dashes, STR_ARG(name), word->option ? "--" : "",
                   word->option ? word->option : word->text);
}

static bool refuse_unknown(struct parse *parse, struct str name)
{
    const struct opt_word *word = find_word(parse->table, name);
    if (word)
        return refuse_word(parse, "--", name, word);
    const char *nearest = NULL;
    int least = NEAR_ENOUGH + 1;
    for (const struct opt *opt = parse->table; opt->name; opt++) {
        int distance = str_distance(name, str_from(opt->name), NEAR_ENOUGH);
        if (distance < least) {
            least = distance;
            nearest = opt->name;
        }
    }
    if (nearest)
        return err_set(parse->err, ERR_CONFIG, "opt", 0,
                       "unknown option --%.*s; did you mean --%s?", STR_ARG(name), nearest);
    return err_set(parse->err, ERR_CONFIG, "opt", 0, "unknown option --%.*s", STR_ARG(name));
}

/* --- values --- */

static bool read_number(struct parse *parse, const struct opt *opt, struct str text)
{
    int64_t number;
    const char *wanted = NULL;
    if (opt->type == OPT_COUNT && (!str_to_int64(text, &number) || number < 0))
        wanted = "a whole number";
    if (opt->type == OPT_DURATION && !units_parse_duration(text, &number))
        wanted = "a duration such as 30, 500ms, 15m or 2h";
    if (opt->type == OPT_SIZE && !units_parse_size(text, &number))
        wanted = "a size such as 4096, 64KiB or 8MiB";
    if (wanted)
        return err_set(parse->err, ERR_CONFIG, "opt", 0, "--%s takes %s, not '%.*s'", opt->name,
                       wanted, STR_ARG(text));
    memcpy((char *)parse->target + opt->offset, &number, sizeof number);
    return true;
}

static bool add_to_list(struct parse *parse, const struct opt *opt, const char *value)
{
    struct opt_list list;
    memcpy(&list, (char *)parse->target + opt->offset, sizeof list);
    if (list.count == OPT_LIST_MAX)
        return refuse(parse, opt, "is given too often");
    list.items[list.count++] = value;
    memcpy((char *)parse->target + opt->offset, &list, sizeof list);
    return true;
}

/* `value` NULL: it is the next argument. */
static bool read_value(struct parse *parse, const struct opt *opt, const char *value)
{
    if (!value && parse->next == parse->argc)
        return refuse(parse, opt, "needs a value");
    if (!value)
        value = parse->argv[parse->next++];
    if (opt->type == OPT_LIST)
        return add_to_list(parse, opt, value);
    if (opt->type != OPT_TEXT)
        return read_number(parse, opt, str_from(value));
    memcpy((char *)parse->target + opt->offset, &value, sizeof value);
    return true;
}

static void set_flag(struct parse *parse, const struct opt *opt)
{
    *((bool *)((char *)parse->target + opt->offset)) = true;
}

const struct opt *opt_with_value(const struct opt *table, char *word, char **ret_value)
{
    *ret_value = NULL;
    if (word[0] != '-')
        return NULL;
    if (word[1] == '-') {
        char *equals = strchr(word, '=');
        struct str name = {word + 2, equals ? (size_t)(equals - word - 2) : strlen(word + 2)};
        const struct opt *opt = find_name(table, name);
        *ret_value = equals ? equals + 1 : NULL;
        return opt && opt->type != OPT_FLAG ? opt : NULL;
    }
    for (char *letter = word + 1; *letter; letter++) {
        const struct opt *opt = find_letter(table, *letter);
        if (!opt)
            return NULL;
        *ret_value = letter[1] ? letter + 1 : NULL;
        if (opt->type != OPT_FLAG)
            return opt;
    }
    return NULL;
}

/* --- arguments --- */

/* `text` follows the dashes: name or name=value. */
static bool read_long(struct parse *parse, const char *text)
{
    const char *equals = strchr(text, '=');
    struct str name = {text, equals ? (size_t)(equals - text) : strlen(text)};
    const struct opt *opt = find_name(parse->table, name);
    if (!opt)
        return refuse_unknown(parse, name);
    if (opt->type != OPT_FLAG)
        return read_value(parse, opt, equals ? equals + 1 : NULL);
    if (equals)
        return refuse(parse, opt, "takes no value");
    set_flag(parse, opt);
    return true;
}

static bool refuse_letter(struct parse *parse, char letter)
{
    struct str name = {&letter, 1};
    const struct opt_word *word = find_word(parse->table, name);
    if (word)
        return refuse_word(parse, "-", name, word);
    return err_set(parse->err, ERR_CONFIG, "opt", 0, "unknown option -%c", letter);
}

/* `text` follows the dash: flags together, or an option and then its value. */
static bool read_letters(struct parse *parse, const char *text)
{
    for (; *text; text++) {
        const struct opt *opt = find_letter(parse->table, *text);
        if (!opt)
            return refuse_letter(parse, *text);
        if (opt->type != OPT_FLAG)
            return read_value(parse, opt, text[1] ? text + 1 : NULL);
        set_flag(parse, opt);
    }
    return true;
}

static bool is_help(const struct parse *parse, const char *arg)
{
    return !strcmp(arg, "--help") || (!strcmp(arg, "-h") && !find_letter(parse->table, 'h'));
}

bool opt_parse(const struct opt *table, void *target, int argc, char **argv, int *ret_operands,
               bool *ret_help, struct err *err)
{
    struct parse parse = {table, target, argc, 0, argv, err};
    int operands = 0;
    bool only_operands = false, help = false;
    while (parse.next < argc && !help) {
        char *arg = argv[parse.next++];
        bool ok = true;
        if (only_operands || arg[0] != '-' || !arg[1])
            argv[operands++] = arg;
        else if (!strcmp(arg, "--"))
            only_operands = true;
        else if (is_help(&parse, arg))
            help = true;
        else
            ok = arg[1] == '-' ? read_long(&parse, arg + 2) : read_letters(&parse, arg + 1);
        if (!ok)
            return false;
    }
    *ret_operands = operands;
    *ret_help = help;
    return true;
}

/* --- help --- */

static int name_width(const struct opt *opt)
{
    return (int)(strlen(opt->name) + (opt->value ? 1 + strlen(opt->value) : 0));
}

static void print_option(FILE *out, const struct opt *opt, int width)
{
    if (opt->letter)
        fprintf(out, "  -%c, --%s", opt->letter, opt->name);
    else
        fprintf(out, "      --%s", opt->name);
    if (opt->value)
        fprintf(out, " %s", opt->value);
    fprintf(out, "%*s%s\n", width - name_width(opt) + 2, "", opt->help);
}

void opt_print(FILE *out, const struct opt *table)
{
    static const struct opt help = {.name = "help", .help = "show this help"};
    int width = name_width(&help);
    for (const struct opt *opt = table; opt->name; opt++)
        width = MAX(width, name_width(opt));
    for (const struct opt *opt = table; opt->name; opt++)
        print_option(out, opt, width);
    print_option(out, &help, width);
}
