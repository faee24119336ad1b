#include <getopt.h>
#include <stdbool.h>

#include "base/mem.h"
#include "tests/support/mock.h"

/* `mock [--port N] [--all] [--script FILE]`: the mock API of the tests, until SIGTERM. */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(2);
    }
    char *text = mem_alloc(MIB(16) + 1);
    text[fread(text, 1, MIB(16), file)] = '\0';
    fclose(file);
    return text;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"script", required_argument, NULL, 's'},
                                            {"all", no_argument, NULL, 'a'},
                                            {0}};
    int port = 0, option;
    bool all = false;
    AUTO_FREE char *script = NULL;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'p')
            port = (int)strtol(optarg, NULL, 10);
        else if (option == 'a')
            all = true;
        else if (option == 's' && !script)
            script = read_file(optarg);
        else
            return 2;
    }
    int fd = all ? mock_listen_all(port, &port) : mock_listen(port, &port);
    printf("port %d\n", port);
    fflush(stdout);
    mock_serve(fd, script);
    return 0;
}
