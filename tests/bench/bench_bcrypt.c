/*
 * bench_bcrypt.c - the floor of bench_passwords.sh: hashes a second of one crypt_r() loop.
 * usage: bench_bcrypt COST SECONDS -> "HASHES SECONDS CPU_SECONDS"
 */
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static struct crypt_data data;
    char setting[32];
    int hashes = 0;
    double limit = argc > 2 ? strtod(argv[2], NULL) : 0;
    if (argc != 3)
        return 2;
    (void)snprintf(setting, sizeof setting, "$2b$%02d$......................",
                   (int)strtol(argv[1], NULL, 10));
    double begun = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), now;
    do {
        if (!crypt_r("a password of some length", setting, &data))
            return 1;
        hashes++;
        now = seconds(CLOCK_MONOTONIC);
    } while (now - begun < limit);
    printf("%d %.3f %.3f\n", hashes, now - begun, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    return 0;
}
