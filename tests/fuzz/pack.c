/*
 * Between the kept corpus and the folders of files that libFuzzer works in (tools/fuzz.sh):
 *
 *     pack unpack FILE FOLDER   writes each input of FILE as a file
 *     pack seeds TARGET FOLDER  writes the cases of the tables that fit the target
 *     pack pack FOLDER FILE     makes FILE of the folder's files; its findings stay
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/seeds.h"

enum { NAME_LENGTH = 12 }; /* of a file's name, which libFuzzer makes of the content's SHA-1 */

static void write_file(const char *path, struct str bytes)
{
    FILE *file = fopen(path, "wb");
    size_t written = file ? fwrite(bytes.ptr, 1, bytes.len, file) : 0;
    if (!file || fclose(file) || written != bytes.len) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static void write_all(struct arena *arena, struct corpus corpus, const char *folder)
{
    for (size_t i = 0; i < corpus.count; i++)
        write_file(arena_printf(arena, "%s/%.*s", folder, STR_ARG(corpus.items[i].name)).ptr,
                   corpus.items[i].bytes);
}

static void put_file(struct arena *arena, const char *folder, const char *name, struct buf *out)
{
    AUTO_BUF(bytes, MIB(1));
    struct err err = ERR_INIT;
    if (!file_read(arena_printf(arena, "%s/%s", folder, name).ptr, &bytes, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(EXIT_FAILURE);
    }
    corpus_put(out, &(struct corpus_input){.name = str_slice(str_from(name), 0, NAME_LENGTH),
                                           .bytes = buf_str(&bytes)});
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void pack(struct arena *arena, const char *folder, const char *path)
{
    AUTO_BUF(out, MIB(16));
    struct corpus old = corpus_read(arena, path);
    buf_puts(
        &out,
        "# Kept inputs; tests/fuzz/corpus.h has the notation, tools/fuzz.sh writes them.\n");
    for (size_t i = 0; i < old.count; i++)
        if (str_starts(old.items[i].name, STR("found-")))
            corpus_put(&out, &old.items[i]);
    struct dirent **entries;
    int count = scandir(folder, &entries, is_shown, alphasort);
    for (int i = 0; i < count; i++) {
        put_file(arena, folder, entries[i]->d_name, &out);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    write_file(path, buf_str(&out));
}

int main(int argc, char **argv)
{
    AUTO_ARENA struct arena *arena = arena_new();
    if (argc == 4 && !strcmp(argv[1], "unpack"))
        write_all(arena, corpus_read(arena, argv[2]), argv[3]);
    else if (argc == 4 && !strcmp(argv[1], "seeds"))
        write_all(arena, seeds_read(arena, argv[2]), argv[3]);
    else if (argc == 4 && !strcmp(argv[1], "pack"))
        pack(arena, argv[2], argv[3]);
    else
        fprintf(stderr,
                "pack unpack FILE FOLDER | pack seeds TARGET FOLDER | pack pack FOLDER FILE\n");
    return argc == 4 ? EXIT_SUCCESS : EXIT_FAILURE;
}
