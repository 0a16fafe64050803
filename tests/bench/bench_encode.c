/*
 * bench_encode.c - nanoseconds per value of each encoder, with values as real data has them.
 *
 * usage: bench_encode [MILLISECONDS [ROUNDS]]; default 20 and 5 for each line. Time is CPU time
 * of the process, the best of the rounds. The last line is a row of eight columns as the
 * largest table of a migration has them; goal: below 1000 ns. Ends 1 when it is above.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest.h"
#include "encode.h"

#define GOAL_NS 1000.0

struct line {
    const char *name;
    struct encode_type type;
    uint32_t kind;
    const char *text;
};

static const char *const labels[] = {"draft", "open", "paid", "shipped", "returned"};

static const struct line lines[] = {
    {"int4", {23, -1, 0, NULL, 0, 'N'}, MIG_NUMBER, "1234567"},
    {"int8", {20, -1, 0, NULL, 0, 'N'}, MIG_NUMBER, "1234567890123"},
    {"bool", {16, -1, 0, NULL, 0, 'B'}, MIG_BOOL, "true"},
    {"float8, short", {701, -1, 0, NULL, 0, 'N'}, MIG_NUMBER, "87.25"},
    {"float8, 17 digits", {701, -1, 0, NULL, 0, 'N'}, MIG_NUMBER, "0.12345678901234567"},
    {"numeric(10,2)", {1700, 0xa0006, 0, NULL, 0, 'N'}, MIG_NUMBER, "12345.67"},
    {"text, 24 bytes", {25, -1, 0, NULL, 0, 'S'}, MIG_TEXT, "a value of common length"},
    {"varchar(20), not ASCII",
     {1043, 24, 0, NULL, 0, 'S'},
     MIG_TEXT,
     "J\xc3\xbcrgen M\xc3\xbcller"},
    {"uuid", {2950, -1, 0, NULL, 0, 'U'}, MIG_TEXT, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"date", {1082, -1, 0, NULL, 0, 'D'}, MIG_TEXT, "2024-02-29"},
    {"timestamptz", {1184, -1, 0, NULL, 0, 'D'}, MIG_TEXT, "2024-02-29T12:34:56.789Z"},
    {"interval", {1186, -1, 0, NULL, 0, 'T'}, MIG_TEXT, "3 days 04:05:06.7"},
    {"enum", {99999, -1, 0, labels, 5, 'E'}, MIG_TEXT, "shipped"},
    {"bytea, 32 bytes",
     {17, -1, 0, NULL, 0, 'U'},
     MIG_TEXT,
     "\\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"},
    {"jsonb, 120 bytes",
     {3802, -1, 0, NULL, 0, 'U'},
     MIG_JSON,
     "{\"score\": 87.5, \"weights\": [0.25, 0.25, 0.5], \"comment\": \"well done, \\u00e4gain\", "
     "\"final\": true, \"teacher\": null, \"n\": 12}"},
    {"text[], 3 elements",
     {1009, -1, 25, NULL, 0, 'A'},
     MIG_JSON,
     "[\"red\", \"green\", \"blue\"]"},
};
#define N_LINES (sizeof lines / sizeof *lines)

/* The columns of the row: a key, two foreign keys and data. */
static const char *const row[] = {"uuid", "uuid",        "uuid",           "numeric(10,2)",
                                  "date", "timestamptz", "text, 24 bytes", "jsonb, 120 bytes"};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void encode(const struct line *l, struct encode_buffer *out)
{
    mig_value_t value = {l->text, (uint32_t)strlen(l->text), l->kind};
    struct encode_fault fault;
    if (out->len > 60000)
        out->len = 0;
    if (encode_value(&l->type, &value, out, &fault)) {
        printf("%s: %s\n", l->name, fault.reason);
        exit(1); /* a mistake in the table above */
    }
}

/* Best nanoseconds a value over the rounds. */
static double measure(const struct line *l, double ms, int rounds)
{
    struct encode_buffer out = {NULL, 0, 0};
    double best = 1e18;
    for (int r = 0; r < rounds; r++) {
        double start = now(), used;
        long n = 0;
        do {
            for (int i = 0; i < 1000; i++)
                encode(l, &out);
            n += 1000;
            used = now() - start;
        } while (used < ms * 1e6);
        if (used / (double)n < best)
            best = used / (double)n;
    }
    free(out.data);
    return best;
}

static double measure_uuid5(double ms)
{
    struct digest_uuid *u = digest_uuid_new("bench", "rows");
    char text[37];
    double start = now();
    long n = 0;
    while (now() - start < ms * 1e6)
        for (int i = 0; i < 1000; i++, n++)
            digest_uuid5(u, &n, sizeof n, text);
    digest_uuid_free(u);
    return (now() - start) / (double)n;
}

int main(int argc, char **argv)
{
    double ms = argc > 1 ? strtod(argv[1], NULL) : 20, ns[N_LINES], sum = 0;
    int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
    for (size_t i = 0; i < N_LINES; i++) {
        ns[i] = measure(&lines[i], ms, rounds);
        printf("%-24s %7.1f ns\n", lines[i].name, ns[i]);
    }
    printf("%-24s %7.1f ns\n", "uuid5 of a key", measure_uuid5(ms));
    for (size_t c = 0; c < sizeof row / sizeof *row; c++)
        for (size_t i = 0; i < N_LINES; i++)
            if (strcmp(lines[i].name, row[c]) == 0)
                sum += ns[i];
    printf("%-24s %7.1f ns, goal %.0f\n", "row of 8 columns", sum, GOAL_NS);
    return sum > GOAL_NS;
}
