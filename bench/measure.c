#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * `measure FILE COMMAND…`: runs it and adds a line to FILE: wall, user and system time in
 * seconds, and the most memory that it had, in MB. Ends as the command ends.
 */
static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    double began_s = now_s();
    pid_t pid = fork();
    if (!pid) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    int status;
    struct rusage used;
    if (pid < 0 || wait4(pid, &status, 0, &used) < 0) {
        perror("measure");
        return 1;
    }
    double wall_s = now_s() - began_s;
    FILE *file = fopen(argv[1], "a");
    if (!file) {
        perror(argv[1]);
        return 1;
    }
    fprintf(file, "%.6f %ld.%06ld %ld.%06ld %.3f\n", wall_s, used.ru_utime.tv_sec,
            used.ru_utime.tv_usec, used.ru_stime.tv_sec, used.ru_stime.tv_usec,
            (double)used.ru_maxrss * 1024 / 1e6);
    fclose(file);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
