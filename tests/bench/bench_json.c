/*
 * bench_json.c - the source "json" against a bare loop of jansson over the same elements.
 *
 * usage: bench_json [MEGABYTES [ROUNDS]]; default 50 and 5. PLUGINS names the directory of
 * source-json.so, TMPDIR where the file goes. Each reading is a process of its own, so that its
 * peak memory is its own; the cases take turns, and the ratio is taken inside each round. Time
 * is CPU time of the process: both cases are one thread on a cached file, and other work on the
 * machine does not count. Ends 1 when the median ratio is below 0.85.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plugintest.h"

#define ROUNDS_MAX 31
#define GOAL 0.85

struct reading {
    double seconds;
    uint64_t records;
    long rss_kb;
};

/* About 600 bytes a record, as an application's export holds them. */
static void write_record(FILE *f, unsigned n)
{
    fprintf(
        f,
        "%s\n    {\"id\": \"rec-%08u\", \"firstName\": \"Amina\", \"lastName\": \"Okafor-%u\", "
        "\"email\": \"amina.okafor.%u@example.org\", \"birthDate\": \"2009-04-%02u\", "
        "\"joinedAt\": \"2023-09-04T08:15:%02u.000Z\", \"status\": \"A\", \"active\": true, "
        "\"score\": %u.%02u, \"visits\": %u, \"tags\": [\"choir\", \"chess\", \"m\\u00e9lange\"], "
        "\"contact\": {\"phone\": \"+49 30 555%04u\", \"guardian\": {\"name\": \"Ngozi Okafor\", "
        "\"relation\": \"mother\"}}, \"note\": \"Said \\\"hello\\\" and went on to the next "
        "room; nothing else is known about this person at this time.\", \"avatarUrl\": "
        "\"/img/s-%u.png\", \"parent\": null, \"classId\": \"c-%u\"}",
        n ? "," : "", n, n, n, n % 28 + 1, n % 60, n % 100, n % 97, n * 7, n % 10000, n, n % 40);
}

static int write_file(const char *path, long megabytes)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return -1;
    fputs("{\"people\": [", f);
    for (unsigned n = 0; ftell(f) < megabytes << 20; n++)
        write_record(f, n);
    fputs("\n]}\n", f);
    return fclose(f);
}

/* The floor: jansson parses element by element and nobody looks at the result. */
static uint64_t read_bare(const char *path)
{
    FILE *f = fopen(path, "r");
    uint64_t n = 0;
    int c;
    while (f && (c = fgetc(f)) != '[' && c != EOF)
        ;
    do {
        json_error_t error;
        json_t *json = f ? json_loadf(f, JSON_DISABLE_EOF_CHECK, &error) : NULL;
        if (!json)
            return 0;
        json_decref(json);
        n++;
        do {
            c = fgetc(f);
        } while (c == ' ' || c == '\n');
    } while (c == ',');
    fclose(f);
    return n;
}

static uint64_t read_source(const char *path)
{
    static const char *const fields[] = {"id",        "firstName", "lastName", "email",
                                         "birthDate", "joinedAt",  "status",   "active",
                                         "score",     "tags",      "contact",  "note"};
    struct mockhost_option options[] = {{"file", path}, {NULL, NULL}};
    struct mockhost m;
    mig_record_t rec = {.size = sizeof rec};
    mig_wait_t wait = {.size = sizeof wait};
    if (plugintest_start(&m, "source-json", MIG_SOURCE, "json", options) != MIG_OK)
        return 0;
    const mig_source_ops_t *ops = m.unit->ops;
    uint64_t n = 0;
    int32_t status = ops->open(m.self, "people", fields, sizeof fields / sizeof *fields, NULL, 0,
                               (mig_str_t){"", 0});
    while (status == MIG_OK && (status = ops->next(m.self, &rec, &wait)) == MIG_OK)
        n++;
    if (status != MIG_END)
        printf("source: %s\n", m.text);
    plugintest_stop(&m);
    return status == MIG_END ? n : 0;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct reading measure(uint64_t (*read_all)(const char *), const char *path)
{
    struct reading r = {0};
    int ends[2];
    if (pipe(ends) != 0)
        return r;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        double begin = cpu_seconds();
        r.records = read_all(path);
        r.seconds = cpu_seconds() - begin;
        ssize_t put = write(ends[1], &r, sizeof r);
        fflush(stdout);
        _exit(put == (ssize_t)sizeof r ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &r, sizeof r) != (ssize_t)sizeof r)
        r.records = 0;
    close(ends[0]);
    struct rusage usage = {0};
    int status;
    if (child > 0 && wait4(child, &status, 0, &usage) == child)
        r.rss_kb = usage.ru_maxrss;
    return r;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int compare(const char *path, long megabytes, int rounds)
{
    double ratios[ROUNDS_MAX];
    long rss = 0;
    printf("round      bare MB/s  source MB/s  ratio  bare RSS kB  source RSS kB\n");
    for (int i = 0; i < rounds; i++) {
        struct reading bare = measure(read_bare, path), source = measure(read_source, path);
        if (!bare.records || bare.records != source.records) {
            printf("records: bare %" PRIu64 ", source %" PRIu64 "\n", bare.records, source.records);
            return 1;
        }
        ratios[i] = bare.seconds / source.seconds;
        rss = source.rss_kb > rss ? source.rss_kb : rss;
        printf("%5d %14.1f %12.1f %6.2f %12ld %14ld\n", i + 1, (double)megabytes / bare.seconds,
               (double)megabytes / source.seconds, ratios[i], bare.rss_kb, source.rss_kb);
    }
    qsort(ratios, (size_t)rounds, sizeof *ratios, by_size);
    double median = ratios[rounds / 2];
    printf("median ratio %.2f (goal %.2f), peak RSS of the source %ld kB\n", median, GOAL, rss);
    return median < GOAL;
}

int main(int argc, char **argv)
{
    long megabytes = argc > 1 ? strtol(argv[1], NULL, 10) : 50;
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 5;
    const char *dir = getenv("TMPDIR");
    char path[4096];
    if (argc > 3 || megabytes < 1 || megabytes > 65536 || rounds < 1 || rounds > ROUNDS_MAX) {
        printf("usage: %s [MEGABYTES [ROUNDS]]\n", argv[0]);
        return 2;
    }
    snprintf(path, sizeof path, "%s/bench_json.%ld.json", dir ? dir : "/tmp", (long)getpid());
    int status = 2;
    if (write_file(path, megabytes) == 0)
        status = compare(path, megabytes, (int)rounds);
    else
        perror(path);
    unlink(path);
    return status;
}
